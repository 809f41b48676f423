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
  return forms.filter((form) => form !== "");
};

const allForms = (secrets: readonly string[]): readonly string[] =>
  [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length);

/** Whoever writes these into a reply gives something away, whatever the secret is. */
const ANYWHERE: readonly (readonly [pattern: RegExp, shown: string])[] = [
  [/\b(?:Bearer|JWT|Basic|Token)\s+[\w.~+/=-]{8,}/gi, "[authorization]"],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, "[token]"],
  [/\b(\w*(?:password|passwd|secret|token)\w*"?\s*[:=]\s*"?)[^\s"&,}]+/gi, "$1[secret]"],
  [/\b([a-z][\w+.-]*:\/\/)[^\s/@:]+:[^\s/@]+@/gi, "$1[secret]@"],
  [/[\w.+-]+@[\w-]+(\.[\w-]+)+/g, "[address]"],
];

/** The text without the secrets in any of their forms, other credentials, and addresses of people. */
function redact(text: string, forms: readonly string[]): string {
  const known = forms.reduce((clean, form) => clean.replaceAll(form, "[secret]"), text);
  return ANYWHERE.reduce((clean, [pattern, shown]) => clean.replace(pattern, shown), known);
}

/** How much of a reply must be there to show `bytes` of it: a secret that begins in them may end after them. */
export const excerptNeeds = (bytes: number, secrets: readonly string[]): number => bytes + longest(allForms(secrets));

const longest = (forms: readonly string[]): number =>
  Math.max(0, ...forms.map((form) => Buffer.byteLength(form, "utf8")));

/** The first `bytes` of what a system outside has said, fit for a record: redacted first, and then cut. */
export function excerpt(said: Buffer, bytes: number, secrets: readonly string[]): string {
  const forms = allForms(secrets);
  const beyond = longest(forms);
  const text = Buffer.from(redact(said.subarray(0, bytes + beyond).toString("utf8"), forms));
  // What was redacted made the text shorter: the part that could be half a secret is the last of what was read.
  const whole = said.byteLength < bytes + beyond || beyond === 0 ? text : text.subarray(0, -beyond);
  return whole.subarray(0, bytes).toString("utf8");
}
