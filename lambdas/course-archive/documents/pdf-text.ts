import { getDocumentProxy } from "unpdf";

/** A page that is laid out over and over would take for ever; books have some hundred pages. */
const PAGES_MAX = 2_000;
const DEADLINE_MS = 60_000;

/** Text of a PDF, page by page. Throws with the library's words for one that is damaged or asks for a password. */
export async function pdfText(bytes: Uint8Array): Promise<{ readonly title: string | null; readonly text: string }> {
  const deadline = Date.now() + DEADLINE_MS;
  // The library takes the memory for itself. Nothing of the document is run, drawn or fetched.
  const document = await getDocumentProxy(Uint8Array.from(bytes), {
    disableFontFace: true,
    // Its complaints about a file are no log lines of ours.
    verbosity: 0,
    useWorkerFetch: false,
  });
  try {
    const pages: string[] = [];
    for (let number = 1; number <= Math.min(document.numPages, PAGES_MAX); number += 1) {
      if (Date.now() > deadline) throw new Error(`after ${number - 1} pages ${DEADLINE_MS / 1_000} s were over`);
      const page = await document.getPage(number);
      const { items } = await page.getTextContent();
      pages.push(items.map((item) => ("str" in item ? `${item.str}${item.hasEOL ? "\n" : ""}` : "")).join(""));
      page.cleanup();
    }
    const { info } = await document.getMetadata();
    const title = "Title" in info && typeof info.Title === "string" ? info.Title.trim() : "";
    return { title: title === "" ? null : title, text: pages.join("\n").trim() };
  } finally {
    await document.loadingTask.destroy();
  }
}
