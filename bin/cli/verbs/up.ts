import * as z from "zod";
import { findEngine } from "../../../embedded/control/client.ts";
import { startInBackground } from "../engine.ts";
import { badInput, EXIT } from "../output.ts";
import type { Verb } from "../verb.ts";

const Options = z.looseObject({
  port: z.coerce.number().int().min(1).max(65_535).optional(),
  detach: z.boolean().default(false),
  inbox: z.boolean().default(true),
  idleStopMinutes: z.coerce.number().positive().optional(),
});

export const up: Verb = {
  usage: "up",
  summary: "Start the engine and stay in the foreground until Ctrl-C",
  options: [
    ["--port <port>", "listen on this port of 127.0.0.1 or fail (default: 4747, or a free one when it is taken)"],
    ["--detach", "start it in the background and return when it answers"],
    ["--no-inbox", "do not stand in for MIT Learn: leave the secret learn/webhook as it is"],
    ["--idle-stop-minutes <n>", "stop after this long without work and without requests"],
  ],
  home: "engine",
  examples: ["up", "up --detach", "up --port 5000 --state /data/millrace"],
  async run({ options }, { out, stateDir }) {
    const parsed = Options.safeParse(options);
    if (!parsed.success) throw badInput(z.prettifyError(parsed.error), "See `npx millrace up --help`.");
    const { port, detach, inbox, idleStopMinutes } = parsed.data;
    if (detach) {
      const running = await findEngine(stateDir);
      const flags = [
        ...(port === undefined ? [] : ["--port", String(port)]),
        ...(inbox ? [] : ["--no-inbox"]),
        ...(idleStopMinutes === undefined ? [] : ["--idle-stop-minutes", String(idleStopMinutes)]),
      ];
      const { url, address } = running ?? (await startInBackground(stateDir, flags));
      const already = running === undefined ? "" : " already";
      out.result(
        { url, pid: address.pid, stateDir },
        () => `The engine runs${already} at ${url} (process ${address.pid}).`,
      );
      return EXIT.ok;
    }
    const { serve } = await import("../serve.ts");
    const serving = await serve({
      stateDir,
      inbox,
      note: out.note,
      ...(port === undefined ? {} : { port }),
      ...(idleStopMinutes === undefined ? {} : { idleStopMinutes }),
    });
    const { url } = serving.home;
    out.result({ url, pid: process.pid, stateDir }, () => `The engine runs at ${url} on ${stateDir}. Ctrl-C stops it.`);
    await serving.ended;
    return EXIT.ok;
  },
};
