import { SaxesParser } from "saxes";
import { MAX_XML_DEPTH } from "../limits.ts";
import { xmlText } from "../xml.ts";

export interface XmlEvents {
  /** Names without their prefixes, which every writer chooses; `above`: the elements that it is in, from the root. */
  open?(name: string, attributes: ReadonlyMap<string, string>, above: readonly string[]): void;
  text?(text: string, above: readonly string[]): void;
  close?(name: string): void;
}

/** One document as it is read, without a tree. Throws an Error in words: what is not well-formed, and a document type. */
export function xmlEvents(bytes: Uint8Array, { open, text, close }: XmlEvents): void {
  const source = xmlText(bytes);
  if (source === undefined) throw new Error("the bytes are not text in the declared encoding");
  const above: string[] = [];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("doctype", () => {
    throw new Error("the file declares a document type");
  });
  parser.on("opentag", ({ name, attributes }) => {
    if (above.length >= MAX_XML_DEPTH) throw new Error(`elements are nested deeper than ${MAX_XML_DEPTH}`);
    const local = localName(name);
    open?.(local, byLocalName(attributes), above);
    above.push(local);
  });
  const found = (piece: string): void => text?.(piece, above);
  parser.on("text", found);
  parser.on("cdata", found);
  parser.on("closetag", ({ name }) => {
    above.pop();
    close?.(localName(name));
  });
  parser.write(source).close();
}

/** Of two that differ in their prefix only, the one that has a prefix: `r:id` before `id`. */
function byLocalName(attributes: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const named = Object.entries(attributes).map(([key, value]) => ({ key, value, plain: !key.includes(":") }));
  return new Map(
    named.toSorted((a, b) => Number(b.plain) - Number(a.plain)).map(({ key, value }) => [localName(key), value]),
  );
}

const localName = (name: string): string => name.slice(name.indexOf(":") + 1);
