import { expect, test } from "vitest";
import { columnName } from "./column-name.ts";

test.each([
  ["OLL Course", "oll_course"],
  ["edX Subject 1", "ed_x_subject_1"],
  ["Course Image URL Flat", "course_image_url_flat"],
  [" courseKey ", "course_key"],
  ["HTTPServer", "http_server"],
  ["2nd", "_2nd"],
  ["a--b__c", "a_b_c"],
  ["_loaded_at", "_loaded_at"],
  ["é", "column_7"],
  ["", "column_7"],
])("%j is the column %s", (header, name) => {
  expect(columnName(header, 7)).toBe(name);
});
