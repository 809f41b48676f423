import * as z from "zod";
import type { HttpReply } from "../../core/io/http.ts";
import { Failure, isFailure } from "../../core/model/failures.ts";
import { askJson } from "./ask-json.ts";
import type { OpenEdxTarget } from "./target.ts";
import type { Question, Transport } from "./transport.ts";

const Token = z.looseObject({ access_token: z.string().min(1), expires_in: z.coerce.number().default(0) });
const Me = z.looseObject({ username: z.string().min(1) });

/** OAuth's names for credentials that are wrong: RFC 6749, section 5.2. */
const WRONG_CREDENTIALS = /"error"\s*:\s*"(invalid_client|unauthorized_client|invalid_grant)"/;
/** A token is not used in its last minute: it has to outlive the call. */
const SPARE_MS = 60_000;

/** As whom somebody is asked, and who gives the tokens. */
export type SessionTarget = Omit<OpenEdxTarget, "studio">;

/** What a question says beyond the credentials, which the session adds. */
export type Authorised = Omit<Question, "secrets" | "headers"> & {
  readonly headers?: Readonly<Record<string, string>>;
};

export interface Session {
  /** As `Transport.ask`; a token that is refused is replaced and the call repeated, once. Then Misconfigured `unauthorised`. */
  ask(question: Authorised, transport: Transport): Promise<HttpReply>;
  /** Of whoever is asked as. Once per process. */
  username(transport: Transport): Promise<string>;
  readonly secrets: () => readonly string[];
}

interface Kept {
  readonly text: string;
  readonly until: number;
}

/** One per process and record: a warm task asks on with the token it has. */
const sessions = new Map<string, Session>();

export function sessionOf(target: SessionTarget): Session {
  const known = sessions.get(target.mark);
  if (known !== undefined) return known;
  const session = openSession(target);
  sessions.set(target.mark, session);
  return session;
}

function openSession(target: SessionTarget): Session {
  let kept: Kept | undefined;
  const fetchToken = shared(async (transport: Transport) => {
    kept = await newToken(target, transport);
    return kept.text;
  });
  const secrets = (): readonly string[] => [target.secret, ...(kept === undefined ? [] : [kept.text])];

  const tokenFor = async (transport: Transport, refused: string | undefined): Promise<string> => {
    const usable = kept !== undefined && kept.text !== refused && kept.until > transport.clock.now();
    return usable && kept !== undefined ? kept.text : fetchToken(transport);
  };

  const ask: Session["ask"] = async (question, transport) => {
    for (let refused: string | undefined; ;) {
      const token = await tokenFor(transport, refused);
      question.signal?.throwIfAborted();
      const headers = { Accept: "application/json", ...question.headers, Authorization: `JWT ${token}` };
      try {
        return await transport.ask({ ...question, headers, secrets });
      } catch (error) {
        if (!isFailure(error) || error.code !== "unauthorised") throw error;
        if (refused !== undefined) throw unauthorised(target, error);
        refused = token;
      }
    }
  };

  let name: string | undefined;
  const fetchName = shared(async (transport: Transport) => {
    const question = { what: "read whom we are asked as", method: "GET", url: `${target.lms}/api/user/v1/me` } as const;
    const { value } = await askJson(Me, { ...question, secrets }, () => ask(question, transport));
    name = value.username;
    return name;
  });
  return { ask, secrets, username: async (transport) => name ?? fetchName(transport) };
}

async function newToken(target: SessionTarget, transport: Transport): Promise<Kept> {
  const { id, secret, tokenUrl, deployment } = target;
  const question: Question = {
    what: `get a token of ${deployment}`,
    method: "POST",
    url: tokenUrl,
    secrets: () => [secret],
    headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
    body: String(
      new URLSearchParams({
        grant_type: "client_credentials",
        client_id: id,
        client_secret: secret,
        token_type: "JWT",
      }),
    ),
  };
  const { value } = await askJson(Token, question, () =>
    transport.ask(question).catch((error: unknown) => {
      if (isFailure(error) && isWrongCredential(error)) throw unauthorised(target, error);
      // Nobody may take it for a course that is not there.
      if (isFailure(error) && error.code === "openedx_not_there") throw noTokens(target, error);
      throw error;
    }),
  );
  return { text: value.access_token, until: transport.clock.now() + value.expires_in * 1_000 - SPARE_MS };
}

const Said = z.looseObject({ reply: z.string(), request: z.looseObject({ status: z.number() }) });

function isWrongCredential({ name, info }: Failure): boolean {
  const said = Said.safeParse(info.details);
  if (name !== "Rejected" || !said.success) return false;
  const { request, reply } = said.data;
  return request.status === 401 || request.status === 403 || WRONG_CREDENTIALS.test(reply);
}

/** Whoever asks while it is under way gets the same answer; the next one after it asks anew. */
function shared<A, T>(work: (argument: A) => Promise<T>): (argument: A) => Promise<T> {
  let underWay: Promise<T> | undefined;
  return (argument) => {
    underWay ??= work(argument).finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

const refused = (cause: Failure, code: string, hint: string): Failure =>
  new Failure("Misconfigured", cause.message, { ...cause.info, code, hint, cause });

const noTokens = ({ deployment }: SessionTarget, cause: Failure): Failure =>
  refused(
    cause,
    "openedx_no_tokens",
    `Check "lms" and "tokenUrl" in the secret "openedx/${deployment}": nobody gives tokens there.`,
  );

const unauthorised = ({ deployment }: SessionTarget, cause: Failure): Failure =>
  refused(
    cause,
    "unauthorised",
    `Check "id" and "secret" in the secret "openedx/${deployment}", and that its user may use the API.`,
  );
