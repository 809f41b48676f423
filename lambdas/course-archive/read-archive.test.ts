import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { courseFiles, makeTar, makeTarGz, type TarMember } from "../../test/standins/make-tar.ts";
import { ARCHIVE_LIMITS, type ArchiveLimits } from "./limits.ts";
import { digestOf, readArchive } from "./read-archive.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "millrace-archive-"));
  return () => rmSync(folder, { recursive: true });
});

async function read(bytes: Uint8Array, limits: Partial<ArchiveLimits> = {}) {
  const file = join(folder, "archive");
  writeFileSync(file, bytes);
  const spool = mkdtempSync(join(folder, "spool-"));
  const archive = await readArchive(file, spool, { ...ARCHIVE_LIMITS, ...limits });
  const texts = new Map<string, string>();
  for (const member of archive.members) texts.set(member.path, (await archive.spool.read(member)).toString("utf8"));
  const digest = await digestOf(archive);
  await archive.spool.close();
  expect(readdirSync(spool)).toEqual(["members.bin"]);
  return { ...archive, texts, digest };
}

const refusal = (code: string) => ({ name: "Malformed", code });
const withMember = async (member: TarMember) => makeTarGz([...courseFiles(), member]);

describe("an archive that is read", () => {
  it("gives files by path, in byte order, without folders and companion files", async () => {
    const archive = await read(
      await makeTarGz([
        { name: "._course", text: "mac" },
        { name: "./course/", type: "directory" },
        { name: "./course/b//x.txt", text: "b" },
        { name: "./course/a.txt", text: "a", mode: 0o6777 },
        { name: "course/._a.txt", text: "mac" },
        { name: "course/static/ü 😀.srt", text: "" },
      ]),
    );
    expect(archive.root).toBe("course");
    expect([...archive.texts]).toEqual([
      ["course/a.txt", "a"],
      ["course/b/x.txt", "b"],
      ["course/static/ü 😀.srt", ""],
    ]);
    expect(archive.appleDouble).toBe(2);
  });

  it("has one digest for one content, however it is packed", async () => {
    const files = courseFiles();
    const digests = [
      (await read(await makeTarGz(files))).digest,
      (await read(await makeTar(files.toReversed()))).digest,
      (await read(gzipSync(await makeTar(files.map((file) => ({ ...file, mtime: new Date(5), uid: 7, mode: 0o600 }))))))
        .digest,
    ];
    expect(new Set(digests).size).toBe(1);
    expect((await read(await makeTarGz(courseFiles({ "html/h1.html": "<p>y</p>" })))).digest).not.toBe(digests[0]);
  });

  it("has the digest of the specification's vector", async () => {
    const { digest } = await read(
      await makeTar([
        { name: "static/a.srt", text: "hello" },
        { name: "html/x.html", text: "<p>x</p>" },
      ]),
    );
    expect(digest).toBe("59448b0bccca334a2074a9622d840c85453f355231e19b888a3c272e46c1871d");
  });

  it("reads names and contents that are long", async () => {
    const name = `course/${"n".repeat(300)}/x.html`;
    const text = "z".repeat(300_000);
    expect((await read(await makeTarGz([{ name, text }]))).texts.get(name)).toBe(text);
  });

  it("accepts zero padding after the gzip and two gzips in a row", async () => {
    const tar = await makeTar(courseFiles());
    expect((await read(Buffer.concat([gzipSync(tar), Buffer.alloc(4_096)]))).members.length).toBe(8);
    expect(
      (await read(Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]))).members.length,
    ).toBe(8);
  });
});

describe("an archive that is refused", () => {
  it.each([
    "../x",
    "course/../../x",
    "course/static/../x",
    "/etc/x",
    "\\x",
    "C:\\x",
    "course\\..\\..\\x",
    "course/a\u0000b",
    "course/a\nb",
  ])("as unsafe_path: %j", async (name) => {
    await expect(read(await withMember({ name, text: "x", pax: { path: name } }))).rejects.toMatchObject(
      refusal("unsafe_path"),
    );
  });

  it.each([
    ["symlink", "../../etc/passwd", "unsafe_link"],
    ["symlink", "course.xml", "unsafe_link"],
    ["link", "course/course.xml", "unsafe_link"],
    ["character-device", "", "unsafe_member_type"],
    ["block-device", "", "unsafe_member_type"],
    ["fifo", "", "unsafe_member_type"],
  ] as const)("for a %s to %j as %s", async (type, linkname, code) => {
    await expect(read(await withMember({ name: "course/html/l.xml", type, linkname }))).rejects.toMatchObject(
      refusal(code),
    );
  });

  it("for a member of an unknown type and for a sparse file", async () => {
    const tar = await makeTar(courseFiles());
    tar[156] = "S".charCodeAt(0);
    const sum = tar.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    tar.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "ascii");
    await expect(read(tar)).rejects.toMatchObject(refusal("unsafe_member_type"));
    const sparse = await withMember({ name: "course/s", text: "x", pax: { "GNU.sparse.major": "1" } });
    await expect(read(sparse)).rejects.toMatchObject(refusal("unsafe_member_type"));
  });

  it("for a repeated member, however its path is spelled", async () => {
    await expect(read(await withMember({ name: "./course//course.xml", text: "x" }))).rejects.toMatchObject(
      refusal("duplicate_member"),
    );
  });

  it("wherever a gzip is cut", async () => {
    const whole = await makeTarGz(
      courseFiles({ "static/noise.bin": Array.from({ length: 3_000 }, (_, n) => (n * 7_919) % 997).join() }),
    );
    for (let size = 3; size < whole.length; size += 97) {
      await expect(read(whole.subarray(0, size))).rejects.toMatchObject(refusal("gzip_truncated"));
    }
    await expect(read(whole.subarray(0, -1))).rejects.toMatchObject(refusal("gzip_truncated"));
  });

  it("for damage inside a gzip, for trailing bytes, and for what is no archive", async () => {
    const whole = await makeTarGz(courseFiles());
    const damaged = Buffer.from(whole);
    damaged[damaged.length - 6] = (damaged.at(-6) ?? 0) ^ 1;
    await expect(read(damaged)).rejects.toMatchObject(refusal("gzip_corrupt"));
    await expect(read(Buffer.concat([whole, Buffer.from("garbage")]))).rejects.toMatchObject(refusal("trailing_bytes"));
    await expect(read(Buffer.concat([whole, Buffer.alloc(9), Buffer.from("garbage")]))).rejects.toMatchObject(
      refusal("trailing_bytes"),
    );
    await expect(read(gzipSync("no tar ".repeat(500)))).rejects.toMatchObject(refusal("tar_corrupt"));
    await expect(read(Buffer.from("PK\u0003\u0004 a zip"))).rejects.toMatchObject(refusal("not_an_archive"));
    await expect(read(Buffer.alloc(0))).rejects.toMatchObject(refusal("empty_object"));
  });

  it("for a tar that is cut, in a gzip or plain", async () => {
    const tar = await makeTar(courseFiles({ "static/long.txt": "x".repeat(5_000) }));
    await expect(read(gzipSync(tar.subarray(0, -3_000)))).rejects.toMatchObject(refusal("tar_truncated"));
    await expect(read(tar.subarray(0, -1_024))).rejects.toMatchObject(refusal("tar_truncated"));
    await expect(read(tar.subarray(0, 1_500))).rejects.toMatchObject(refusal("tar_truncated"));
  });

  it.each([
    ["compressedBytes", 100],
    ["unpackedBytes", 2_000],
    ["members", 5],
    ["xmlBytes", 20],
    ["policyBytes", 1],
  ] as const)("above the limit of %s", async (limit, value) => {
    await expect(
      read(await makeTarGz(courseFiles({ "policies/R/policy.json": "{}" })), { [limit]: value }),
    ).rejects.toMatchObject(refusal("expansion_limit"));
  });

  it("as a bomb by its ratio, before it is unpacked", async () => {
    const bomb = await withMember({ name: "course/static/zero.bin", text: "\0".repeat(3_000_000) });
    await expect(read(bomb, { ratioFromBytes: 1_000_000 })).rejects.toMatchObject(refusal("expansion_limit"));
    expect((await read(bomb)).members.length).toBe(9);
  });
});
