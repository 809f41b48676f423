import fc from "fast-check";
import { expect, it } from "vitest";
import { executionName, requestNumber } from "./run-request.ts";

const key = fc.record({ asset: fc.string(), partition: fc.string() });
const number = fc.integer({ min: 1, max: 9_999_999_999 });

it("an execution name is one that Step Functions takes, and tells its request's number", () => {
  fc.assert(
    fc.property(key, number, (item, count) => {
      const name = executionName(item, count);
      expect(name).toMatch(/^[A-Za-z0-9-]{1,80}$/);
      expect(requestNumber(item, name)).toBe(count);
      expect(requestNumber({ ...item, asset: `${item.asset}x` }, name)).toBeUndefined();
    }),
  );
});

it("a name shows people what it is about", () => {
  const item = { asset: "mitxonline/openedx/raw_data/course_xml", partition: "course-v1:MITx+6.00x+1T2024" };
  expect(executionName(item, 12)).toMatch(/^course-xml-course-v1-MITx-6-00x-1T2024-[0-9a-f]{16}-12$/);
  expect(requestNumber(item, executionName(item, 12).replace(/12$/, "012"))).toBeUndefined();
  expect(requestNumber(item, executionName(item, 12).replace(/12$/, ""))).toBeUndefined();
});
