import * as z from "zod";
import { usePorts } from "../kernel.ts";
import { badInput, EXIT, table } from "../output.ts";
import {
  lineageOfArchive,
  lineageOfLoad,
  lineageOfObject,
  loadsOfTable,
  missingOfTable,
  type TableLink,
} from "../table-lineage.ts";
import type { Verb } from "../verb.ts";

const Options = z.looseObject({ table: z.string().optional() });

const render = (links: readonly TableLink[]): string =>
  links.length === 0
    ? "No member of a table of edx.org, of source prod."
    : table(
        ["archive", "member", "object", "state", "load", "snapshot", "why"],
        links.map(({ archive, member, object, state, load, snapshot, reason }) =>
          [archive, member, object, state, load, snapshot, reason].map((cell) => cell ?? "-"),
        ),
      );

const missing = (what: string, hint: string) => badInput(`${what} is not on record.`, hint, "not_found");

const TABLES =
  "Give a table as members are named, such as `auth_user`: `npx millrace lineage archive <file>` lists them.";

export const lineageArchive: Verb = {
  usage: "archive <file>",
  summary: "Tell what became of the tables in a weekly archive: object, load and commit of each member",
  options: [["--table <name>", "only members of this table"]],
  home: "either",
  examples: ["lineage archive mitx-2026-01-04.tar.gz --table auth_user"],
  async run({ args: [archive = ""], options }, context) {
    const { table: only } = Options.parse(options);
    const found = await lineageOfArchive(await usePorts(context), archive, only);
    if (found === undefined)
      throw missing(archive, "Give its file name: `npx millrace partitions edxorg/raw_data/archive`.");
    const { links, isComplete } = found;
    if (!isComplete)
      context.out.note(
        `${archive} was not read to its end: nothing was loaded from it. What came before has its loads.`,
      );
    context.out.result(links, () => (links.length === 0 && only !== undefined ? noneOf(archive, only) : render(links)));
    return EXIT.ok;
  },
};

const noneOf = (archive: string, only: string): string =>
  `${archive} has no member of a table "${only}", of source prod. Without --table all are listed.`;

export const lineageObject: Verb = {
  usage: "object <key>",
  summary: "Tell which archive brought an object of a table, and which load has it",
  home: "either",
  examples: ["lineage object edxorg/raw_data/db_table/auth_user/prod/MITx-6.00x-1T2020/<sha256>.tsv"],
  async run({ args: [key = ""] }, context) {
    const link = await lineageOfObject(await usePorts(context), key.replace(/^s3:\/\/[^/]+\//, ""));
    if (link === undefined) throw missing(key, "Give a key or a `_source_uri` of a table of edx.org.");
    context.out.result(link, () => render([link]));
    return EXIT.ok;
  },
};

export const lineageLoad: Verb = {
  usage: "load <table> [load]",
  summary: "List the loads of a table of edx.org, or the objects and members that one load or snapshot was made of",
  home: "either",
  examples: ["lineage load auth_user", "lineage load auth_user 1795299130.825000"],
  async run({ args: [name = "", wanted] }, context) {
    const home = await usePorts(context);
    if (wanted === undefined) {
      const loads = await loadsOfTable(home, name);
      if (loads.length === 0) throw missing(`A load of ${name}`, TABLES);
      context.out.result(loads, () =>
        table(
          [
            "load",
            "archive",
            "objects",
            "rows",
            "inserted",
            "refreshed",
            "absent",
            "quarantined",
            "seconds",
            "snapshots",
          ],
          loads.map((one) => [
            ...[one.load, one.archive, one.objects, one.rowsRead, one.inserted, one.refreshed, one.absent],
            ...[one.quarantined, one.seconds, one.snapshots.join(" ")],
          ]),
        ),
      );
      return EXIT.ok;
    }
    const links = await lineageOfLoad(home, name, wanted);
    if (links === undefined)
      throw missing(`The load ${wanted} of ${name}`, `See \`npx millrace lineage load ${name}\`.`);
    context.out.result(links, () => render(links));
    return EXIT.ok;
  },
};

export const lineageMissing: Verb = {
  usage: "missing <table>",
  summary:
    "List the courses whose table is missing or empty in the newest archive: since when, and what stays in the lake",
  home: "either",
  examples: ["lineage missing auth_user"],
  async run({ args: [name = ""] }, context) {
    const courses = await missingOfTable(await usePorts(context), name);
    if (courses === undefined) throw missing(`A table ${name} of edx.org`, TABLES);
    context.out.result(courses, () =>
      courses.length === 0
        ? "None: the newest complete archive has rows of every course that one before it had."
        : table(
            ["course", "file", "since", "last seen in", "rows", "object"],
            courses.map((one) => [one.course, one.file, one.since, one.lastSeen, one.rows ?? "-", one.object]),
          ),
    );
    return EXIT.ok;
  },
};
