import { SaxesParser } from "saxes";
import { MAX_XML_DEPTH, MAX_XML_ELEMENTS } from "./limits.ts";

export interface XmlNode {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlNode[];
  /** The element holds text other than blanks. */
  readonly hasText: boolean;
  /** The element's source text. */
  readonly source: string;
}

export type XmlResult =
  | { readonly ok: true; readonly root: XmlNode }
  | { readonly ok: false; readonly code: "malformed_xml" | "xml_entities"; readonly reason: string };

/**
 * One XML document as a small tree. No DTD and no entities beyond the five predefined ones and character
 * references: a DOCTYPE refuses the file, so nothing can be expanded or fetched. Faults are a result, not a throw,
 * because one bad file does not stop a course.
 */
export function parseXml(bytes: Uint8Array): XmlResult {
  const text = xmlText(bytes);
  if (text === undefined)
    return { ok: false, code: "malformed_xml", reason: "the bytes are not text in the declared encoding" };
  const tree = new TreeBuilder(text);
  try {
    return { ok: true, root: tree.build() };
  } catch (error) {
    if (error instanceof Doctype)
      return { ok: false, code: "xml_entities", reason: "the file declares a document type" };
    const reason = error instanceof Error ? error.message : String(error);
    return { ok: false, code: "malformed_xml", reason: reason.slice(0, 200) };
  }
}

class Doctype extends Error {}

interface OpenNode {
  readonly tag: string;
  readonly attributes: Map<string, string>;
  readonly children: XmlNode[];
  readonly start: number;
  hasText: boolean;
}

class TreeBuilder {
  readonly #text: string;
  readonly #open: OpenNode[] = [];
  #root: XmlNode | undefined;
  #elements = 0;

  constructor(text: string) {
    this.#text = text;
  }

  build(): XmlNode {
    const parser = new SaxesParser();
    parser.on("error", (error) => {
      throw error;
    });
    parser.on("doctype", () => {
      throw new Doctype();
    });
    parser.on("opentagstart", ({ name }) => {
      if (this.#open.length >= MAX_XML_DEPTH) throw new Error(`elements are nested deeper than ${MAX_XML_DEPTH}`);
      this.#elements += 1;
      if (this.#elements > MAX_XML_ELEMENTS) throw new Error(`there are more than ${MAX_XML_ELEMENTS} elements`);
      const start = this.#text.lastIndexOf(`<${name}`, parser.position);
      this.#open.push({ tag: name, attributes: new Map(), children: [], start, hasText: false });
    });
    parser.on("attribute", ({ name, value }) => this.#open.at(-1)?.attributes.set(name, value));
    const text = (value: string): void => {
      const node = this.#open.at(-1);
      if (node !== undefined && !node.hasText) node.hasText = value.trim() !== "";
    };
    parser.on("text", text);
    parser.on("cdata", text);
    parser.on("closetag", () => this.#close(parser.position));
    parser.write(this.#text).close();
    if (this.#root === undefined) throw new Error("there is no element");
    return this.#root;
  }

  #close(end: number): void {
    const node = this.#open.pop();
    if (node === undefined) return;
    const { tag, attributes, children, start, hasText } = node;
    const closed = { tag, attributes, children, hasText, source: this.#text.slice(start, end) };
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = closed;
    else parent.children.push(closed);
  }
}

/** UTF-8 unless the bytes say otherwise by a byte order mark or an XML declaration. Undefined = they are no such text. */
export function xmlText(bytes: Uint8Array): string | undefined {
  const declared = /^<\?xml[^>]*\sencoding=["']([A-Za-z0-9._-]+)["']/.exec(
    Buffer.from(bytes.subarray(0, 200)).toString("latin1"),
  );
  try {
    return new TextDecoder(wideLabel(bytes) ?? declared?.[1] ?? "utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** UTF-16 by its mark or, as XML's own appendix F has it, by the first `<` alone. */
function wideLabel([first, second]: Uint8Array): string | undefined {
  if ((first === 0xff && second === 0xfe) || (first === 0x3c && second === 0)) return "utf-16le";
  return (first === 0xfe && second === 0xff) || (first === 0 && second === 0x3c) ? "utf-16be" : undefined;
}
