import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createConnection, type Connection } from "mysql2/promise";

const SERVER = "/usr/sbin/mariadbd";
const INSTALL = "/usr/bin/mariadb-install-db";

/** Why tests of MySQL cannot run here; undefined = they can. */
export const mariadbMissing = [SERVER, INSTALL, "/usr/bin/openssl"].every((path) => existsSync(path))
  ? undefined
  : "needs mariadbd and openssl (apt-get install mariadb-server openssl)";

export interface Mariadb {
  readonly port: number;
  /** PEM of the authority that signed the server's certificate, which is for `localhost`. */
  readonly ca: string;
  readonly socket: string;
  /** As its root, without TLS, through the socket; `undefined` = in no database. */
  admin(database?: string): Promise<Connection>;
  stop(): Promise<void>;
}

/** A real server in a folder of its own, for this process alone. */
export async function startMariadb(options: readonly string[] = []): Promise<Mariadb> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-mariadb-"));
  const data = join(folder, "data");
  mkdirSync(data);
  // A server that starts removes temporary tables of all servers whose folder for them is the same.
  const temporary = join(folder, "temporary");
  mkdirSync(temporary);
  makeCertificates(folder);
  // Started by root it goes on as the user that the package has made.
  const asUser = userInfo().uid === 0 ? ["--user=mysql"] : [];
  if (asUser.length > 0) execFileSync("chown", ["-R", "mysql", folder]);
  chmodSync(folder, 0o755);
  const places = [`--datadir=${data}`, `--tmpdir=${temporary}`];
  execFileSync(
    INSTALL,
    ["--no-defaults", ...places, "--auth-root-authentication-method=normal", "--skip-test-db", ...asUser],
    { stdio: "ignore" },
  );
  const [port, socket] = [await freePort(), join(folder, "server.sock")];
  const server = spawn(
    SERVER,
    [
      "--no-defaults",
      ...[...places, `--socket=${socket}`, `--port=${port}`, "--bind-address=127.0.0.1"],
      ...[`--ssl-ca=${folder}/ca.pem`, `--ssl-cert=${folder}/server.pem`, `--ssl-key=${folder}/server.key`],
      ...["--skip-name-resolve=0", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0"],
      ...["--max-allowed-packet=256M", `--log-error=${folder}/error.log`, `--pid-file=${folder}/server.pid`],
      ...asUser,
      ...options,
    ],
    { stdio: "ignore" },
  );
  const admin = (database?: string): Promise<Connection> =>
    createConnection({
      ...{ socketPath: socket, user: "root", multipleStatements: true, charset: "utf8mb4" },
      ...(database === undefined ? {} : { database }),
    });
  await answers(server, admin, folder);
  return {
    ...{ port, socket, admin, ca: readFileSync(join(folder, "ca.pem"), "utf8") },
    async stop() {
      const ended = new Promise((done) => server.once("exit", done));
      if (server.exitCode === null && server.kill("SIGKILL")) await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(server: ChildProcess, admin: () => Promise<Connection>, folder: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    try {
      const connection = await admin();
      await connection.end();
      return;
    } catch {
      if (server.exitCode !== null) break;
      await pause(100);
    }
  }
  throw new Error(`mariadbd did not start:\n${readFileSync(join(folder, "error.log"), "utf8").slice(-2_000)}`);
}

function makeCertificates(folder: string): void {
  const openssl = (...args: readonly string[]): void =>
    void execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...newKey, "-days", "2", "-subj", "/CN=millrace test", "-keyout", "ca.key", "-out", "ca.pem");
  openssl("req", ...newKey, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr");
  writeFileSync(join(folder, "san"), "subjectAltName=DNS:localhost\n");
  const signed = ["-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "san"];
  openssl("x509", "-req", ...signed, "-days", "2", "-out", "server.pem");
}

const freePort = (): Promise<number> =>
  new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => done(port));
    });
  });
