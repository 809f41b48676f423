const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    ...({ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } as const),
    second: "2-digit",
  });
  formats.set(zone, made);
  return made;
}

/** A name of the time zone database, spelt as it spells it: JavaScript also takes offsets and any case, AWS does not. */
export function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z]/.test(zone)) return false;
  try {
    const { timeZone } = formatOf(zone).resolvedOptions();
    return timeZone === zone || timeZone.toLowerCase() !== zone.toLowerCase();
  } catch {
    return false;
  }
}

/** What the clock on the wall shows, as if it were UTC: epoch milliseconds with the same figures. */
export function wallTime(instant: number, zone: string): number {
  if (zone === "UTC") return instant;
  const part = Object.fromEntries(
    formatOf(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((instant % 1000) + 1000) % 1000);
}

/** The first instant at which the clock on the wall shows `wall`; undefined when it never does. */
export function instantOf(wall: number, zone: string): number | undefined {
  if (zone === "UTC") return wall;
  // A zone changes its offset at most once within two days, so one of the offsets around is the right one.
  const [before, after] = [wall - DAY_MS, wall + DAY_MS].map((near) => wallTime(near, zone) - near);
  const candidates = [wall - Math.max(before ?? 0, after ?? 0), wall - Math.min(before ?? 0, after ?? 0)];
  return candidates.find((instant) => wallTime(instant, zone) === wall);
}

/** `2026-03-29 04:00 +02:00`, for people. */
export function localText(instant: Date, zone: string): string {
  const wall = wallTime(instant.getTime(), zone);
  const offset = Math.round((wall - instant.getTime()) / MINUTE_MS);
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const sign = offset < 0 ? "-" : "+";
  const two = (figure: number): string => String(figure).padStart(2, "0");
  return `${new Date(wall).toISOString().slice(0, 16).replace("T", " ")} ${sign}${two(hours)}:${two(minutes)}`;
}
