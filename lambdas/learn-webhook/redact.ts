/** Every way in which a reply may write a secret: as it is, and as JSON, URLs and the usual encodings do. */
const formsOf = (secret: string): readonly string[] => {
  const bytes = Buffer.from(secret, "utf8");
  const forms = [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    bytes.toString("base64"),
    bytes.toString("base64url"),
    bytes.toString("hex"),
  ];
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
};

/** So many bytes more than are kept must be read, or a secret that the cut divides would stay in part. */
export const longestForm = (secret: string): number =>
  Math.max(...formsOf(secret).map((form) => Buffer.byteLength(form, "utf8")));

/** The text without the secret in any of its forms, and without addresses of people. */
export const redact = (text: string, secret: string): string =>
  formsOf(secret)
    .reduce((clean, form) => clean.replaceAll(form, "[secret]"), text)
    .replace(/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, "[address]");
