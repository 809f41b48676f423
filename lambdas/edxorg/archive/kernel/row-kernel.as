// AssemblyScript (a dialect of TypeScript that compiles to WebAssembly). compile.ts compiles it into module.ts.
//
// The fast path of ../table-rows.ts: whole lines of valid UTF-8 in, rows with their safe hash out. Fields are found
// sixteen bytes at a time; four rows are hashed at once, one in each lane of the vectors. It never decides that a line
// is bad: at one with too many fields it stops. The layout of the memory is in layout.ts; both must say the same.

const STATE: i32 = 0x1000; // cursor, status, outEnd, rows, short, blank
const CONFIG: i32 = 0x1040; // columns, crlf, length of the suffix
const LANES: i32 = 0x1080; // 4 x message, blocks left, place of the hash
const HASHES: i32 = 0x1100; // 8 x 4 lanes
const SCHEDULE: i32 = 0x1200; // 64 x 4 lanes
const IDLE: i32 = 0x1600; // a block that nobody asked for
const SUFFIX: i32 = 0x2000; // what follows the fields: tabs and the extracted values
const QUEUE: i32 = 0x10000; // 12 bytes a row: message, blocks, place of the hash
const QUEUE_MAX: i32 = 0x4000;
const MESSAGES: i32 = 0x100000;
const MESSAGES_SOFT: i32 = 0x200000;
const INPUT: i32 = 0x400000;
const OUTPUT: i32 = 0x600000;
const OUTPUT_SOFT: i32 = 0xb00000;

const TAB: u8 = 9;
const LF: u8 = 10;
const CR: u8 = 13;
const QUOTE: u8 = 34;

const ROUNDS = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

/** Reads lines from `from`; the last byte before `end` is an LF. Status 0 = all, 1 = the next line is not for us, 2 = full. */
export function run(from: i32, end: i32): i32 {
  const columns = load<i32>(CONFIG);
  const crlf = load<i32>(CONFIG + 4) != 0;
  const suffix = load<i32>(CONFIG + 8);
  let p = from;
  let out = OUTPUT;
  let message = MESSAGES;
  let queued = 0;
  let rows = 0;
  let short = 0;
  let blank = 0;
  let status = 0;
  while (p < end) {
    if (out > OUTPUT_SOFT) {
      status = 2;
      break;
    }
    if (message > MESSAGES_SOFT || queued == QUEUE_MAX) {
      digest(queued);
      queued = 0;
      message = MESSAGES;
    }
    const first = load<u8>(p);
    if (first == LF || (crlf && first == CR && load<u8>(p + 1) == LF)) {
      p += first == LF ? 1 : 2;
      blank += 1;
      continue;
    }
    const line = p;
    const rowOut = out;
    const rowMessage = message;
    let fields = 0;
    let last = false;
    while (!last && fields < columns) {
      const start = p;
      const prefix = message;
      message += 5;
      let special = false;
      for (;;) {
        const bytes = v128.load(p);
        v128.store(message, bytes);
        const ends = i8x16.bitmask(v128.or(i8x16.eq(bytes, i8x16.splat(TAB)), i8x16.eq(bytes, i8x16.splat(LF))));
        const quotes = i8x16.bitmask(v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE)), i8x16.eq(bytes, i8x16.splat(CR))));
        if (ends != 0) {
          const taken = ctz(ends);
          special = special || (quotes & ((1 << taken) - 1)) != 0;
          p += taken;
          message += taken;
          break;
        }
        special = special || quotes != 0;
        p += 16;
        message += 16;
      }
      last = load<u8>(p) == LF;
      let stop = p;
      if (last && crlf && p > start && load<u8>(p - 1) == CR) {
        stop -= 1;
        message -= 1;
        special = special && hasSpecial(start, stop);
      }
      store<u8>(prefix, 1);
      store<u32>(prefix + 1, bswap<u32>(stop - start));
      if (fields > 0) {
        store<u8>(out, TAB);
        out += 1;
      }
      out = special ? quoted(start, stop, out) : copied(start, stop, out);
      fields += 1;
      p += 1;
    }
    if (!last) {
      p = line;
      out = rowOut;
      status = 1;
      break;
    }
    if (fields < columns) short += 1;
    while (fields < columns) {
      store<u8>(message, 0);
      message += 1;
      store<u8>(out, TAB);
      out += 1;
      fields += 1;
    }
    out = copied(SUFFIX, SUFFIX + suffix, out);
    const length = message - rowMessage;
    const blocks = (length + 9 + 63) >> 6;
    const place = QUEUE + queued * 12;
    store<i32>(place, rowMessage);
    store<i32>(place + 4, blocks);
    store<i32>(place + 8, out);
    queued += 1;
    store<u8>(message, 0x80);
    for (let zero = message + 1; zero < rowMessage + (blocks << 6); zero += 16) v128.store(zero, i32x4.splat(0));
    message = rowMessage + (blocks << 6);
    store<u64>(message - 8, bswap<u64>((<u64>length) << 3));
    out += 64;
    store<u8>(out, LF);
    out += 1;
    rows += 1;
  }
  digest(queued);
  store<i32>(STATE, p);
  store<i32>(STATE + 4, status);
  store<i32>(STATE + 8, out);
  store<i32>(STATE + 12, rows);
  store<i32>(STATE + 16, short);
  store<i32>(STATE + 20, blank);
  return rows;
}

function hasSpecial(start: i32, stop: i32): bool {
  for (let p = start; p < stop; p += 1) {
    const byte = load<u8>(p);
    if (byte == QUOTE || byte == CR) return true;
  }
  return false;
}

/** Writes up to 15 bytes more than it says; whoever comes next writes over them. */
function copied(start: i32, stop: i32, out: i32): i32 {
  for (let p = start, at = out; p < stop; p += 16, at += 16) v128.store(at, v128.load(p));
  return out + stop - start;
}

function quoted(start: i32, stop: i32, out: i32): i32 {
  store<u8>(out, QUOTE);
  out += 1;
  let p = start;
  while (p < stop) {
    const bytes = v128.load(p);
    v128.store(out, bytes);
    const left = min(stop - p, 16);
    const quotes = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(QUOTE)));
    const taken = quotes == 0 ? 16 : ctz(quotes);
    if (taken >= left) {
      p += left;
      out += left;
      continue;
    }
    p += taken + 1;
    out += taken + 1;
    store<u8>(out, QUOTE);
    out += 1;
  }
  store<u8>(out, QUOTE);
  return out + 1;
}

/** Hashes what is in the queue: a lane that has ended a row takes the next one. */
function digest(count: i32): void {
  let next = 0;
  let active = 0;
  for (let lane = 0; lane < 4; lane += 1) {
    if (next < count) {
      begin(lane, next);
      next += 1;
      active += 1;
    } else {
      store<i32>(LANES + lane * 16, IDLE);
      store<i32>(LANES + lane * 16 + 4, 0);
    }
  }
  while (active > 0) {
    compress();
    for (let lane = 0; lane < 4; lane += 1) {
      const place = LANES + lane * 16;
      const left = load<i32>(place + 4) - 1;
      if (left < 0) continue;
      store<i32>(place, load<i32>(place) + 64);
      store<i32>(place + 4, left);
      if (left > 0) continue;
      end(lane, load<i32>(place + 8));
      if (next < count) {
        begin(lane, next);
        next += 1;
      } else {
        store<i32>(place, IDLE);
        active -= 1;
      }
    }
  }
}

function begin(lane: i32, row: i32): void {
  const from = QUEUE + row * 12;
  const place = LANES + lane * 16;
  store<i32>(place, load<i32>(from));
  store<i32>(place + 4, load<i32>(from + 4));
  store<i32>(place + 8, load<i32>(from + 8));
  const hash = HASHES + lane * 4;
  store<u32>(hash, 0x6a09e667);
  store<u32>(hash + 16, 0xbb67ae85);
  store<u32>(hash + 32, 0x3c6ef372);
  store<u32>(hash + 48, 0xa54ff53a);
  store<u32>(hash + 64, 0x510e527f);
  store<u32>(hash + 80, 0x9b05688c);
  store<u32>(hash + 96, 0x1f83d9ab);
  store<u32>(hash + 112, 0x5be0cd19);
}

/** The hash of a lane in hex. */
function end(lane: i32, out: i32): void {
  const hash = HASHES + lane * 4;
  for (let half = 0; half < 2; half += 1) {
    const from = hash + half * 64;
    const words = i32x4(load<i32>(from), load<i32>(from + 16), load<i32>(from + 32), load<i32>(from + 48));
    const bytes = bigEndian(words);
    const high = i8x16.shr_u(bytes, 4);
    const low = v128.and(bytes, i8x16.splat(15));
    const digits = i8x16(48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102);
    const one = i8x16.shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const two = i8x16.shuffle(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    v128.store(out + half * 32, i8x16.swizzle(digits, one));
    v128.store(out + half * 32 + 16, i8x16.swizzle(digits, two));
  }
}

// @ts-ignore: decorator
@inline
function bigEndian(words: v128): v128 {
  return i8x16.shuffle(words, words, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

// @ts-ignore: decorator
@inline
function add(a: v128, b: v128): v128 {
  return i32x4.add(a, b);
}

// @ts-ignore: decorator
@inline
function rotr(x: v128, bits: i32): v128 {
  return v128.or(i32x4.shr_u(x, bits), i32x4.shl(x, 32 - bits));
}

// @ts-ignore: decorator
@inline
function sum0(x: v128): v128 {
  return v128.xor(v128.xor(rotr(x, 2), rotr(x, 13)), rotr(x, 22));
}

// @ts-ignore: decorator
@inline
function sum1(x: v128): v128 {
  return v128.xor(v128.xor(rotr(x, 6), rotr(x, 11)), rotr(x, 25));
}

// @ts-ignore: decorator
@inline
function kw(t: i32): v128 {
  return add(i32x4.splat(load<i32>(<i32>ROUNDS + (t << 2))), v128.load(SCHEDULE + (t << 4)));
}

/** One block of each lane. */
function compress(): void {
  const m0 = load<i32>(LANES);
  const m1 = load<i32>(LANES + 16);
  const m2 = load<i32>(LANES + 32);
  const m3 = load<i32>(LANES + 48);
  for (let words = 0; words < 64; words += 16) {
    const x0 = bigEndian(v128.load(m0 + words));
    const x1 = bigEndian(v128.load(m1 + words));
    const x2 = bigEndian(v128.load(m2 + words));
    const x3 = bigEndian(v128.load(m3 + words));
    const y0 = i8x16.shuffle(x0, x1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
    const y1 = i8x16.shuffle(x0, x1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
    const y2 = i8x16.shuffle(x2, x3, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
    const y3 = i8x16.shuffle(x2, x3, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
    const to = SCHEDULE + (words << 2);
    v128.store(to, i8x16.shuffle(y0, y2, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
    v128.store(to + 16, i8x16.shuffle(y0, y2, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
    v128.store(to + 32, i8x16.shuffle(y1, y3, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
    v128.store(to + 48, i8x16.shuffle(y1, y3, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
  }
  for (let at = SCHEDULE + 256; at < SCHEDULE + 1024; at += 16) {
    const w15 = v128.load(at - 240);
    const w2 = v128.load(at - 32);
    const s0 = v128.xor(v128.xor(rotr(w15, 7), rotr(w15, 18)), i32x4.shr_u(w15, 3));
    const s1 = v128.xor(v128.xor(rotr(w2, 17), rotr(w2, 19)), i32x4.shr_u(w2, 10));
    v128.store(at, add(add(v128.load(at - 256), s0), add(v128.load(at - 112), s1)));
  }
  let a = v128.load(HASHES);
  let b = v128.load(HASHES + 16);
  let c = v128.load(HASHES + 32);
  let d = v128.load(HASHES + 48);
  let e = v128.load(HASHES + 64);
  let f = v128.load(HASHES + 80);
  let g = v128.load(HASHES + 96);
  let h = v128.load(HASHES + 112);
  for (let t = 0; t < 64; t += 8) {
    let t1: v128;
    t1 = add(add(h, sum1(e)), add(v128.bitselect(f, g, e), kw(t)));
    d = add(d, t1);
    h = add(add(t1, sum0(a)), v128.bitselect(c, a, v128.xor(a, b)));
    t1 = add(add(g, sum1(d)), add(v128.bitselect(e, f, d), kw(t + 1)));
    c = add(c, t1);
    g = add(add(t1, sum0(h)), v128.bitselect(b, h, v128.xor(h, a)));
    t1 = add(add(f, sum1(c)), add(v128.bitselect(d, e, c), kw(t + 2)));
    b = add(b, t1);
    f = add(add(t1, sum0(g)), v128.bitselect(a, g, v128.xor(g, h)));
    t1 = add(add(e, sum1(b)), add(v128.bitselect(c, d, b), kw(t + 3)));
    a = add(a, t1);
    e = add(add(t1, sum0(f)), v128.bitselect(h, f, v128.xor(f, g)));
    t1 = add(add(d, sum1(a)), add(v128.bitselect(b, c, a), kw(t + 4)));
    h = add(h, t1);
    d = add(add(t1, sum0(e)), v128.bitselect(g, e, v128.xor(e, f)));
    t1 = add(add(c, sum1(h)), add(v128.bitselect(a, b, h), kw(t + 5)));
    g = add(g, t1);
    c = add(add(t1, sum0(d)), v128.bitselect(f, d, v128.xor(d, e)));
    t1 = add(add(b, sum1(g)), add(v128.bitselect(h, a, g), kw(t + 6)));
    f = add(f, t1);
    b = add(add(t1, sum0(c)), v128.bitselect(e, c, v128.xor(c, d)));
    t1 = add(add(a, sum1(f)), add(v128.bitselect(g, h, f), kw(t + 7)));
    e = add(e, t1);
    a = add(add(t1, sum0(b)), v128.bitselect(d, b, v128.xor(b, c)));
  }
  v128.store(HASHES, add(v128.load(HASHES), a));
  v128.store(HASHES + 16, add(v128.load(HASHES + 16), b));
  v128.store(HASHES + 32, add(v128.load(HASHES + 32), c));
  v128.store(HASHES + 48, add(v128.load(HASHES + 48), d));
  v128.store(HASHES + 64, add(v128.load(HASHES + 64), e));
  v128.store(HASHES + 80, add(v128.load(HASHES + 80), f));
  v128.store(HASHES + 96, add(v128.load(HASHES + 96), g));
  v128.store(HASHES + 112, add(v128.load(HASHES + 112), h));
}
