/** Logical ids that a value names by Ref, Fn::GetAtt or Fn::Sub. */
export function referencesOf(value: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  collect(value, found);
  return found;
}

function collect(value: unknown, into: Set<string>): void {
  if (Array.isArray(value)) for (const one of value) collect(one, into);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "Ref" && typeof inner === "string") into.add(inner);
    else if (key === "Fn::GetAtt") into.add(String(Array.isArray(inner) ? inner[0] : inner).split(".")[0] ?? "");
    else if (key === "Fn::Sub") {
      for (const [, id = ""] of JSON.stringify(inner).matchAll(/\$\{([A-Za-z0-9]+)/g)) into.add(id);
      collect(inner, into);
    } else collect(inner, into);
  }
}

/** An intrinsic as people read it: `arn:<Partition>:s3:::landing/*`, `<Ledger.Arn>`. */
export function readable(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return JSON.stringify(value);
  const [key = "", inner]: unknown[] = Object.entries(value).flat();
  if (key === "Ref") return `<${String(inner).replace("AWS::", "")}>`;
  if (key === "Fn::GetAtt" && Array.isArray(inner)) return `<${inner.map(String).join(".")}>`;
  if (key === "Fn::Sub" && typeof inner === "string") return inner;
  if (key === "Fn::ImportValue") return `<export ${readable(inner)}>`;
  if (key === "Fn::Join" && Array.isArray(inner)) {
    const [separator, parts]: unknown[] = inner;
    if (Array.isArray(parts)) return parts.map(readable).join(String(separator));
  }
  return JSON.stringify(value);
}
