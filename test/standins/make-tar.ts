import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { pack, type Header } from "tar-stream";

export type TarMember = Partial<Header> & { readonly name: string; readonly text?: string | Buffer };

/** A tar as given, hostile or not: nothing is checked or put in order. */
export async function makeTar(members: readonly TarMember[]): Promise<Buffer> {
  const tar = pack();
  for (const { text = "", ...header } of members) tar.entry({ mtime: new Date(0), ...header }, text);
  tar.finalize();
  return buffer(Readable.from(tar as AsyncIterable<Uint8Array>));
}

export const makeTarGz = async (members: readonly TarMember[]): Promise<Buffer> => gzipSync(await makeTar(members));

/** A course of one chapter, with whatever a test adds or replaces. */
export function courseFiles(over: Readonly<Record<string, string | undefined>> = {}): TarMember[] {
  const files: Record<string, string | undefined> = {
    "course.xml": '<course url_name="R" org="O" course="C"/>',
    "course/R.xml": '<course display_name="Small"><chapter url_name="c1"/></course>',
    "chapter/c1.xml": '<chapter display_name="One"><sequential url_name="s1"/></chapter>',
    "sequential/s1.xml": '<sequential display_name="S"><vertical url_name="v1"/></sequential>',
    "vertical/v1.xml": '<vertical><video url_name="vid"/><html url_name="h1"/></vertical>',
    "video/vid.xml": '<video url_name="vid" edx_video_id="e1" display_name="V"><video_asset duration="12.5"/></video>',
    "html/h1.xml": '<html filename="h1"/>',
    "html/h1.html": "<p>x</p>",
    ...over,
  };
  return Object.entries(files).flatMap(([name, text]) =>
    text === undefined ? [] : [{ name: `course/${name}`, text }],
  );
}
