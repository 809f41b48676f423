import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PAGE, startOpenEdx, type OpenEdxStandIn } from "../../test/standins/open-edx.ts";
import { openOpenEdx, type OpenEdx, type OpenEdxOptions } from "./client.ts";

const [FIRST] = ["course-v1:Stand+C0001+2026"];
let server: OpenEdxStandIn;
/** Time passes only while somebody waits. */
let clock: number;
const waits: number[] = [];
beforeEach(async () => {
  server = await startOpenEdx({ courses: 25 });
  clock = Date.parse("2026-01-15T10:00:00Z");
  waits.length = 0;
});
afterEach(() => server.close());

const open = (over: Partial<OpenEdxOptions> = {}, fields: Record<string, string> = {}): Promise<OpenEdx> =>
  openOpenEdx({
    secrets: { read: async () => ({ ...server.secret, ...fields }) },
    deployment: "mitxonline",
    now: () => clock,
    sleep: async (ms) => {
      waits.push(ms);
      clock += ms;
    },
    ...over,
  });
const listed = async (client: OpenEdx): Promise<string[]> => {
  const ids: string[] = [];
  for await (const page of client.courses()) ids.push(...page);
  return ids;
};
const queriesOf = (call: string) => server.seen.filter((one) => one.call === call).map(({ query }) => query);

describe("credentials", () => {
  it("are one token for all who ask at once, and one user name", async () => {
    const client = await open();
    await Promise.all([...server.courses.keys()].map((id) => client.outline(id)));
    await (await open()).status(FIRST);
    expect([server.count("token"), server.count("me"), server.count("outline")]).toEqual([1, 1, 25]);
    const asked = server.seen.find(({ call }) => call === "token");
    expect(asked?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
      ...{ grant_type: "client_credentials", client_id: "stand-in", client_secret: "stand-in-secret" },
      token_type: "JWT",
    });
  });

  it("are renewed a minute before they end", async () => {
    const client = await open();
    await client.status(FIRST);
    clock += 3_539_000;
    await client.status(FIRST);
    expect(server.count("token")).toBe(1);
    clock += 1_000;
    await client.status(FIRST);
    expect(server.count("token")).toBe(2);
  });

  it("that are refused are renewed once for all, and each call is repeated once", async () => {
    const client = await open();
    await client.status(FIRST);
    server.expireTokens();
    await Promise.all([...server.courses.keys()].map((id) => client.outline(id)));
    expect(server.count("token")).toBe(2);
    server.fault({ call: "status", status: 401, text: "no", times: 2 });
    await expect(client.status(FIRST)).rejects.toMatchObject({ name: "Misconfigured", code: "unauthorised" });
    expect(server.count("status")).toBe(3);
  });

  it.each([
    [401, "", "Misconfigured"],
    [403, "", "Misconfigured"],
    [400, '{"error":"invalid_client"}', "Misconfigured"],
    [400, '{"error":"other"}', "Rejected"],
    [503, "", "Transient"],
    [200, PAGE, "Malformed"],
    // A course that is gone answers so; whoever gives no tokens must not be taken for it.
    [404, "", "Misconfigured"],
  ])("refused with %i %s are %s, and the next call asks again", async (status, text, name) => {
    const client = await open();
    server.fault({ call: "token", status, text, times: status === 200 ? 2 : 1 });
    await expect(client.status(FIRST)).rejects.toMatchObject({ name });
    expect(await client.status(FIRST)).toBe("there");
  });

  it("of another token service bring no user name into the query", async () => {
    const tokens = await startOpenEdx();
    const client = await open({}, { tokenUrl: `${tokens.lms}/oauth2/access_token` });
    // The stand-in knows its own tokens only.
    await expect(client.status(FIRST)).rejects.toMatchObject({ code: "unauthorised" });
    await tokens.close();
    expect([server.count("me"), queriesOf("status")]).toEqual([0, [{}, {}]]);
  });

  it.each([
    [{ secret: " " }, "secret_field_missing"],
    [{ lms: "" }, "secret_field_missing"],
    [{ lms: "http://lms.example.org" }, "openedx_url_invalid"],
    [{ studio: "https://user:hunter2@studio.example.org" }, "openedx_url_invalid"],
    [{ tokenUrl: "https://lms.example.org/?x=1" }, "openedx_url_invalid"],
  ])("of a record with %j are Misconfigured before anything is asked", async (fields, code) => {
    await expect(open({}, fields)).rejects.toMatchObject({ name: "Misconfigured", code });
    await expect(open({}, fields)).rejects.not.toThrow(/hunter2|\?x/);
    expect(server.seen).toEqual([]);
  });
});

describe("the list", () => {
  it("is followed by the query of `next`, wherever that points", async () => {
    server.paging.host = "internal.example.org:8000";
    const twoHundred = await startOpenEdx({ courses: 250 });
    twoHundred.paging.host = "internal.example.org";
    const client = await open({}, twoHundred.secret);
    expect(await listed(client)).toEqual([...twoHundred.courses.keys()]);
    expect(twoHundred.seen.filter(({ call }) => call === "list").map(({ query }) => query)).toEqual([
      { username: "millrace", page_size: "100" },
      { username: "millrace", page_size: "100", page: "2" },
      { username: "millrace", page_size: "100", page: "3" },
    ]);
    await twoHundred.close();
  });

  it("that comes to a page twice is Malformed", async () => {
    const many = await startOpenEdx({ courses: 250 });
    many.paging.repeats.set(3, 1);
    await expect(listed(await open({}, many.secret))).rejects.toMatchObject({
      name: "Malformed",
      code: "page_repeated",
    });
    await many.close();
    const text = JSON.stringify({ results: [], pagination: { next: "/api?page=7" } });
    server.fault({ call: "list", status: 200, text, times: 3 });
    await expect(listed(await open())).rejects.toMatchObject({ name: "Malformed", code: "page_repeated" });
    expect(server.count("list")).toBe(2);
  });

  it("without an end is Malformed after a thousand pages", async () => {
    for (let page = 1; page <= 1_001; page += 1) {
      const text = JSON.stringify({ results: [], pagination: { next: `?page=${page}` } });
      server.fault({ call: "list", status: 200, text });
    }
    await expect(listed(await open())).rejects.toMatchObject({ name: "Malformed", code: "too_many_pages" });
    expect(server.count("list")).toBe(1_000);
  });
});

describe("429", () => {
  it.each([
    ["7", 7_000],
    ["Thu, 15 Jan 2026 10:00:30 GMT", 30_000],
    ["Thursday, 15-Jan-26 10:00:20 GMT", 20_000],
    ["Thu, 15 Jan 2026 09:00:00 GMT", 1_000],
    ["soon", 60_000],
    ["1.5", 60_000],
    ["-5", 60_000],
    ["2026", 2_026_000],
    ["", 60_000],
  ])("with Retry-After %s waits so long", async (value, ms) => {
    server.fault({ call: "status", status: 429, headers: { "retry-after": value } });
    expect(await (await open()).status(FIRST)).toBe("there");
    expect(waits).toEqual([ms]);
  });

  it("is waited for three times, then Throttled", async () => {
    server.fault({ call: "status", status: 429, headers: { "retry-after": "5" }, times: 4 });
    await expect((await open()).status(FIRST)).rejects.toMatchObject({
      name: "Throttled",
      info: { retryAfterSeconds: 5 },
    });
    expect([waits.length, server.count("status")]).toEqual([3, 4]);
  });

  it("is not waited for beyond the deadline, and no call begins after it", async () => {
    server.fault({ call: "status", status: 429, headers: { "retry-after": "20" } });
    const client = await open({ deadline: clock + 19_000 });
    await expect(client.status(FIRST)).rejects.toMatchObject({ name: "Throttled" });
    expect(waits).toEqual([]);
    clock += 19_000;
    await expect(client.status(FIRST)).rejects.toMatchObject({ name: "Transient", code: "deadline_passed" });
    expect(server.count("status")).toBe(1);
  });

  it("lets nobody ask any more when the wait would end too late", async () => {
    server.fault({ call: "status", status: 429, headers: { "retry-after": "20" } });
    const client = await open({ deadline: clock + 19_000 });
    await expect(client.status(FIRST)).rejects.toMatchObject({ name: "Throttled" });
    clock += 1_000;
    await expect(client.outline(FIRST)).rejects.toMatchObject({ name: "Throttled", info: { retryAfterSeconds: 19 } });
    expect(server.count("outline")).toBe(0);
  });

  it("lets those who have waited ask one after the other where their calls a second have a bound", async () => {
    const client = await open({ perSecond: 4 });
    await client.outline(FIRST);
    const began = clock;
    server.fault({ call: "outline", status: 429, headers: { "retry-after": "9" } });
    const hit = client.outline(FIRST);
    while (server.count("outline") === 1) await new Promise(setImmediate);
    await Promise.all([hit, ...Array.from({ length: 7 }, () => client.status(FIRST))]);
    expect(clock - began).toBeGreaterThanOrEqual(9_000 + 7 * 250);
  });

  it("quietens all who ask by the same client", async () => {
    const client = await open();
    await client.status(FIRST);
    server.fault({ call: "outline", status: 429, headers: { "retry-after": "9" } });
    const hit = client.outline(FIRST);
    while (server.count("outline") === 0) await new Promise(setImmediate);
    await Promise.all([hit, client.status(FIRST)]);
    expect(clock).toBe(Date.parse("2026-01-15T10:00:09Z"));
  });
});

describe("answers that are none", () => {
  it.each([
    [500, "Transient", "openedx_unavailable"],
    [408, "Transient", "openedx_unavailable"],
    [302, "Rejected", "openedx_refused"],
    [400, "Rejected", "openedx_refused"],
    [403, "Rejected", "openedx_refused"],
    [410, "Rejected", "openedx_refused"],
    [409, "Conflict", "openedx_conflict"],
    [0, "Transient", "openedx_unreachable"],
  ])("%i is %s %s, asked once", async (status, name, code) => {
    const client = await open();
    server.fault({ status, text: "no", headers: { location: "https://elsewhere.example.org" } });
    await expect(client.outline(FIRST)).rejects.toMatchObject({ name, code });
    expect(server.count("outline")).toBe(1);
  });

  it.each([
    ["a page", { text: PAGE, status: 200 }],
    ["half a document", { text: '{"published_version": "a', status: 200 }],
    ["another document", { text: '{"version": 1}', status: 200 }],
  ])("%s in place of JSON is asked for once more, then Malformed", async (_what, fault) => {
    const client = await open();
    server.fault({ call: "outline", ...fault });
    expect(await client.outline(FIRST)).toMatch(/^[0-9a-f]{24}$/);
    server.fault({ call: "outline", ...fault, times: 2 });
    await expect(client.outline(FIRST)).rejects.toMatchObject({ name: "Malformed", code: "reply_not_json" });
    expect(server.count("outline")).toBe(4);
  });

  it("a body that ends too early or a server that is silent is Transient", async () => {
    const client = await open();
    server.fault({ call: "outline", truncated: true });
    await expect(client.outline(FIRST)).rejects.toMatchObject({ name: "Transient", code: "openedx_unreachable" });
    server.fault({ call: "outline", delayMs: 5_000 });
    const hurried = await open({ deadline: clock + 80 });
    await expect(hurried.outline(FIRST)).rejects.toMatchObject({ name: "Transient", code: "openedx_timeout" });
  });

  it("end at once when the caller's signal aborts", async () => {
    const over = new AbortController();
    server.fault({ call: "outline", delayMs: 5_000 });
    const outline = (await open()).outline(FIRST, over.signal);
    while (server.count("me") === 0) await new Promise(setImmediate);
    setImmediate(() => over.abort(new Error("over")));
    await expect(outline).rejects.toThrow("over");
  });

  it("are put on record without secrets, addresses and queries, 2 KB at most", async () => {
    const text = `stand-in-secret of someone@example.edu password=hunter2 ${"x".repeat(9_000)}`;
    server.fault({ call: "status", status: 400, text });
    const failure = await (await open()).status(FIRST).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      message: `Could not ask whether ${FIRST} is there: HTTP 400 from GET ${server.lms}/api/courses/v1/courses/${FIRST}/. Retrying cannot clear this: the request itself is refused.`,
      info: { details: { reply: expect.stringMatching(/^\[secret\] of \[address\] password=\[secret\] x{100}/) } },
    });
    expect(JSON.stringify((failure as { info: object }).info).length).toBeLessThan(2_600);
  });
});

describe("a course", () => {
  it("is one segment of the path, with its colon and plus signs", async () => {
    const ids = ["course-v1:MITx+6.00x+1T2024", "MITx/8.01/2013", "course-v1:É+1+a b"];
    const own = await startOpenEdx({ courses: ids });
    const client = await open({}, own.secret);
    for (const id of ids) expect(await client.outline(id)).toBe(own.courses.get(id)?.version);
    expect(
      own.seen.filter(({ call }) => call === "outline").map(({ path }) => path.split("course_outline/")[1]),
    ).toEqual(["course-v1:MITx+6.00x+1T2024", "MITx%2F8.01%2F2013", "course-v1:%C3%89+1+a%20b"]);
    await expect(client.outline("..")).rejects.toMatchObject({ name: "Malformed" });
    await own.close();
  });

  it("that has vanished has no status and no outline", async () => {
    const client = await open();
    const course = server.courses.get(FIRST);
    if (course !== undefined) course.vanished = true;
    expect([await client.status(FIRST), await client.outline(FIRST)]).toEqual(["gone", undefined]);
  });

  it("has a structure whose text is left as it came", async () => {
    const text = '{"10": {"weight": 1.0}, "2": {"n": 12345678901234567890, "s": "\\u00e9é"}}';
    const course = server.courses.get(FIRST);
    if (course !== undefined) course.structure = text;
    expect(await (await open()).structure(FIRST)).toBe(text);
  });
});

describe("an export", () => {
  const plan = (exports: NonNullable<ReturnType<OpenEdxStandIn["courses"]["get"]>>["exports"]) => {
    const course = server.courses.get(FIRST);
    if (course !== undefined) course.exports = exports;
  };

  it("is started, asked after and stored", async () => {
    const stored: [string, number][] = [];
    const own = await startOpenEdx({ store: async (key, bytes) => void stored.push([key, bytes.byteLength]) });
    const client = await open({}, own.secret);
    const started = await client.startExport(FIRST);
    expect(started).toMatchObject({
      taskId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      uploadUrl: "https://course-exports-mitxonline.s3.amazonaws.com/course-v1%3AStand+C0001+2026.tar.gz",
    });
    expect(started).not.toHaveProperty("refused");
    expect(await client.exportTask(FIRST, started.taskId ?? "")).toEqual({ state: "In Progress" });
    expect(stored).toEqual([]);
    expect(await client.exportTask(FIRST, started.taskId ?? "")).toEqual({ state: "Succeeded" });
    expect(stored).toEqual([[`${FIRST}.tar.gz`, expect.any(Number)]]);
    expect(own.seen.find(({ call }) => call === "export")?.body).toBe(`{"courses":["${FIRST}"]}`);
    await own.close();
  });

  it("that Studio refuses comes with its text", async () => {
    plan({ ends: "refuse", reason: "Too large" });
    expect(await (await open()).startExport(FIRST)).toMatchObject({ refused: "Too large" });
    plan({ ends: "nothing" });
    const nothing = await (await open()).startExport(FIRST);
    expect(Object.keys(nothing)).toEqual(["reply"]);
  });

  it("that was started counts with status 400 as well, and nothing else does", async () => {
    plan({ ends: "bad-request" });
    expect(await (await open()).startExport(FIRST)).toHaveProperty("taskId");
    for (const text of ["{}", PAGE, '{"detail": "no"}']) {
      server.fault({ call: "export", status: 400, text });
      await expect((await open()).startExport(FIRST)).rejects.toMatchObject({ name: "Rejected" });
    }
    expect(server.count("export")).toBe(4);
  });

  it("that ended without an archive tells why", async () => {
    plan({ ends: "fail", reason: "disk full" });
    const client = await open();
    const { taskId = "" } = await client.startExport(FIRST);
    expect(await client.exportTask(FIRST, taskId)).toEqual({ state: "Failed", details: "disk full" });
    server.fault({ call: "task", status: 200, text: "{}" });
    expect(await client.exportTask(FIRST, taskId)).toEqual({ state: "" });
  });
});
