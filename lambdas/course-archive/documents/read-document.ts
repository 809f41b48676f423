import { extname } from "node:path/posix";
import { htmlText } from "./html-text.ts";
import { officeText } from "./office-text.ts";
import { pdfText } from "./pdf-text.ts";
import { rtfText } from "./rtf-text.ts";
import { sjson, subtitles, type Transcript } from "./transcript.ts";

export const TRANSCRIPTS = [".srt", ".sjson", ".vtt"] as const;
const TEXTS = [".txt", ".md", ".tex", ".json"] as const;
const PAGES = [".htm", ".html"] as const;
/** They are listed: whoever looks for a text must see that there is a file without one. */
const NO_READER = [".doc", ".ppt"] as const;
const OFFICE = [".docx", ".pptx"] as const;

/** Read whole; a document of words is a few megabytes. */
export const DOCUMENT_BYTES_MAX = 32 * 1_048_576;

/** `text`: read. `empty`: there are no words. `no_reader`: nothing here reads such files. */
export type ReadStatus = "text" | "empty" | "no_reader" | "too_large" | "not_text" | "malformed";

export type Read =
  | {
      readonly kind: "document";
      readonly status: ReadStatus;
      readonly text: string | null;
      readonly title?: string | null;
      readonly detail?: string;
    }
  | {
      readonly kind: "transcript";
      readonly status: ReadStatus;
      readonly transcript?: Transcript;
      readonly detail?: string;
    };

const among = (names: readonly string[], extension: string): boolean => names.includes(extension);

export const extensionOf = (path: string): string => extname(path).toLowerCase();

/** Undefined = a file of this name holds no words. */
export function kindOf(extension: string): Read["kind"] | undefined {
  if (among(TRANSCRIPTS, extension)) return "transcript";
  return among([...TEXTS, ...PAGES, ...OFFICE, ...NO_READER, ".pdf", ".rtf"], extension) ? "document" : undefined;
}

/** The words of one file. What it is follows its name, as for all who read it; what cannot be read says so. */
export async function readDocument(extension: string, bytes: Buffer): Promise<Read> {
  if (among(TRANSCRIPTS, extension)) return transcriptOf(extension, bytes);
  if (among(NO_READER, extension)) return { kind: "document", status: "no_reader", text: null };
  try {
    if (extension === ".pdf") return worded(await pdfText(bytes));
    if (extension === ".rtf") return worded(rtfText(bytes));
    if (among(OFFICE, extension)) return worded(officeText(bytes));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { kind: "document", status: "malformed", text: null, detail: detail.slice(0, 300) };
  }
  const source = decoded(bytes);
  if (source === undefined)
    return { kind: "document", status: "not_text", text: null, detail: "neither UTF-8 nor UTF-16" };
  return worded(among(PAGES, extension) ? htmlText(source) : { title: null, text: source });
}

function transcriptOf(extension: string, bytes: Buffer): Read {
  const source = decoded(bytes);
  if (source === undefined) return { kind: "transcript", status: "not_text", detail: "neither UTF-8 nor UTF-16" };
  const transcript = extension === ".sjson" ? sjson(source) : subtitles(source);
  if (transcript === undefined)
    return { kind: "transcript", status: "malformed", detail: `it is no ${extension.slice(1)}` };
  return { kind: "transcript", status: transcript.text === "" ? "empty" : "text", transcript };
}

const worded = ({ title, text }: { readonly title: string | null; readonly text: string }): Read => ({
  ...{ kind: "document", title, text },
  status: text.trim() === "" ? "empty" : "text",
});

/** UTF-8, or UTF-16 that says so: Windows' editors write it. A NUL cannot be stored as text. */
function decoded(bytes: Buffer): string | undefined {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}
