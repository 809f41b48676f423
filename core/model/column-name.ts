/**
 * Name of a raw column: snake_case ASCII. camelCase is split, other characters become `_`, runs of `_` collapse, and a
 * leading digit gets one before it. A header without a name is `column_<position>`, from 1.
 */
export function columnName(header: string, position: number): string {
  const name = header
    .trim()
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .toLowerCase();
  if (/^_*$/.test(name)) return `column_${position}`;
  return /^[0-9]/.test(name) ? `_${name}` : name;
}
