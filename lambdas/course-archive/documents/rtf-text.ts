import type { HtmlText } from "./html-text.ts";
import { tidyLines } from "./tidy-lines.ts";

/** One step of a document: control word, byte in hexadecimal, control symbol, brace, or plain text. Line ends are none. */
const STEP = /\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|([^\\{}\r\n]+)|[\r\n]+/giy;
/** Groups of these hold no words of the text. */
const UNREAD: ReadonlySet<string> = new Set(
  "fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr footerf listtable listoverridetable revtbl rsidtbl themedata annotation xe tc".split(
    " ",
  ),
);
const BREAKS: ReadonlySet<string> = new Set("par line sect page row softline softpage column".split(" "));
const SIGNS: Readonly<Record<string, string>> = {
  ...{ tab: "\t", cell: "\t", nestcell: "\t", emdash: "—", endash: "–", bullet: "•" },
  ...{ lquote: "‘", rquote: "’", ldblquote: "“", rdblquote: "”", emspace: " ", enspace: " ", qmspace: " " },
};
/** Code pages whose encodings have other names than `windows-<number>`. */
const PAGES: Readonly<Record<string, string>> = {
  ...{ "932": "shift_jis", "936": "gbk", "949": "euc-kr", "950": "big5", "65001": "utf-8", "10000": "macintosh" },
};
const DEPTH_MAX = 1_000;

interface Group {
  readonly unread: boolean;
  readonly isTitle: boolean;
  /** Characters that stand behind a `\u` for readers without Unicode. */
  readonly fallback: number;
}

/** What a person reads of an RTF document (1.9.1), a line for each paragraph. Throws an Error in words for what is none. */
export function rtfText(bytes: Buffer): HtmlText {
  const source = bytes.toString("latin1");
  if (!source.startsWith("{\\rtf")) throw new Error("it is no RTF");
  const [words, title]: [string[], string[]] = [[], []];
  const groups: Group[] = [];
  let group: Group = { unread: false, isTitle: false, fallback: 1 };
  let decoder = new TextDecoder("windows-1252");
  let skip = 0;
  /** Bytes of another encoding, which may make one character together. */
  let encoded: number[] = [];
  const say = (text: string): void => {
    if (group.isTitle) title.push(text);
    else if (!group.unread) words.push(text);
  };
  const settle = (): void => {
    if (encoded.length > 0) say(decoder.decode(Uint8Array.from(encoded)));
    encoded = [];
  };
  const word = (name: string, value: number): number => {
    if (name === "u") {
      say(String.fromCharCode(value < 0 ? value + 65_536 : value));
      skip = group.fallback;
    } else if (name === "uc") group = { ...group, fallback: Math.max(0, value) };
    else if (name === "ansicpg") decoder = decoderOf(value);
    else if (name === "bin") return Math.max(0, value);
    else if (name === "title" && group.unread) group = { ...group, isTitle: true };
    else if (UNREAD.has(name)) group = { ...group, unread: true };
    else if (BREAKS.has(name)) say("\n");
    else if (Object.hasOwn(SIGNS, name)) say(SIGNS[name] ?? "");
    return 0;
  };
  for (STEP.lastIndex = 0; STEP.lastIndex < source.length;) {
    const step = STEP.exec(source);
    if (step === null) break;
    const [, name, value, hex, symbol, brace, text] = step;
    if (hex !== undefined) {
      if (skip > 0) skip -= 1;
      else encoded.push(Number.parseInt(hex, 16));
      continue;
    }
    settle();
    if (brace === "{") {
      if (groups.push(group) > DEPTH_MAX) throw new Error(`groups are nested deeper than ${DEPTH_MAX}`);
      group = { ...group, isTitle: false };
      skip = 0;
    } else if (brace === "}") {
      group = groups.pop() ?? group;
      skip = 0;
    } else if (name !== undefined) STEP.lastIndex += word(name.toLowerCase(), Number(value ?? "1"));
    else if (symbol !== undefined) {
      if (symbol === "*") group = { ...group, unread: true };
      else if (symbol === "~") say("\u00a0");
      else if (symbol === "_") say("-");
      else if (symbol === "\n" || symbol === "\r") say("\n");
      else if ("\\{}".includes(symbol)) say(symbol);
    } else if (text !== undefined) {
      say(text.slice(skip));
      skip = Math.max(0, skip - text.length);
    }
  }
  settle();
  if (groups.length > 0) throw new Error("it is cut: a group has no end");
  const named = title.join("").toWellFormed().trim();
  return { title: named === "" ? null : named, text: tidyLines(words.join("").replaceAll("\0", "").toWellFormed()) };
}

function decoderOf(page: number): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(PAGES[String(page)] ?? `windows-${page}`);
  } catch {
    return new TextDecoder("windows-1252");
  }
}
