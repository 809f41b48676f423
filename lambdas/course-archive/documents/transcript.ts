import * as z from "zod";

/** What is said in a video, without times and cue numbers. */
export interface Transcript {
  readonly text: string;
  readonly cues: number;
  /** Of the last cue, in milliseconds; null = the file gives no time. */
  readonly endMs: number | null;
}

const TIMES =
  /^\s*(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})\s*-->\s*(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})(?:\s.*)?$/;

/**
 * SubRip and WebVTT: cues are parted by blank lines, and one is what follows its line of times. Undefined = there is
 * no cue in it, though there are words.
 */
export function subtitles(source: string): Transcript | undefined {
  const said: string[] = [];
  let endMs: number | null = null;
  let cues = 0;
  for (const block of source
    .replaceAll("\r\n", "\n")
    .replaceAll("\r", "\n")
    .split(/\n[ \t]*\n/)) {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => TIMES.test(line));
    if (at < 0) continue;
    cues += 1;
    endMs = Math.max(endMs ?? 0, endOf(lines[at] ?? ""));
    const text = lines
      .slice(at + 1)
      .join("\n")
      .replaceAll(/<[^<>\n]*>/g, "")
      .trim();
    if (text !== "") said.push(text);
  }
  return cues === 0 && source.trim() !== "" ? undefined : { text: said.join("\n"), cues, endMs };
}

function endOf(line: string): number {
  const [hours = "0", minutes = "0", seconds = "0", fraction = "0"] = (TIMES.exec(line) ?? []).slice(5);
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000 + Number(fraction.padEnd(3, "0"));
}

/** What Open edX makes of SubRip. Texts are null where nothing is said. */
const Sjson = z.object({ end: z.array(z.number()).default([]), text: z.array(z.string().nullable()) });

/** Undefined = it is no such document. */
export function sjson(source: string): Transcript | undefined {
  let document: unknown;
  try {
    document = JSON.parse(source);
  } catch {
    return undefined;
  }
  const { success, data } = Sjson.safeParse(document);
  if (!success) return undefined;
  const said = data.text.map((text) => (text ?? "").trim()).filter((text) => text !== "");
  const endMs = data.end.reduce<number | null>((latest, end) => Math.max(latest ?? 0, Math.round(end)), null);
  return { text: said.join("\n"), cues: data.text.length, endMs };
}
