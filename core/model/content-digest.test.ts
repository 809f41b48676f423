import { describe, expect, it } from "vitest";
import { ContentDigest, compareByteOrder } from "./content-digest.ts";

describe("content digest", () => {
  it("has the value of the specification's vector, however the bytes are cut", () => {
    const digest = new ContentDigest();
    digest.member("html/x.html", 8);
    digest.bytes(Buffer.from("<p>"));
    digest.bytes(Buffer.from("x</p>"));
    digest.member("static/a.srt", 5);
    digest.bytes(Buffer.from("hello"));
    expect(digest.hex()).toBe("59448b0bccca334a2074a9622d840c85453f355231e19b888a3c272e46c1871d");
  });

  it("refuses members out of byte order and sizes that do not hold", () => {
    const digest = new ContentDigest();
    digest.member("b", 0);
    expect(() => digest.member("a", 0)).toThrow(/byte order/);
    const short = new ContentDigest();
    short.member("a", 2);
    short.bytes(Buffer.from("x"));
    expect(() => short.hex()).toThrow(/more or less/);
  });

  it("orders by UTF-8 bytes, not by UTF-16 units", () => {
    expect(["😀", "\uffee"].toSorted()).toEqual(["😀", "\uffee"]);
    expect(["😀", "\uffee"].toSorted(compareByteOrder)).toEqual(["\uffee", "😀"]);
  });
});
