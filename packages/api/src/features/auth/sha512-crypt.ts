/**
 * SHA512-CRYPT, the `$6$` of crypt(3), after Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512"
 * (https://www.akkadia.org/drepper/SHA-crypt.txt), whose steps the numbers name. Why no library: docs/adr/0008.
 */
import { hash } from "node:crypto";

const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const saltCharsMax = 16;
const nothing = Buffer.alloc(0);

/** The number of rounds that the specification works with in place of one outside its limits. */
export function roundsWithin(rounds: number): number {
  return Math.min(Math.max(rounds, 1000), 999_999_999);
}

/**
 * Takes one to two milliseconds for each thousand rounds, in which its thread does nothing else.
 * @param salt characters of `./0-9A-Za-z`; those after the sixteenth do not count.
 * @returns `$6$rounds=N$SALT$` and the hash.
 */
export function sha512Crypt(password: string, { salt, rounds }: { salt: string; rounds: number }): string {
  const key = Buffer.from(password);
  const usedSalt = Buffer.from(salt.slice(0, saltCharsMax));
  const usedRounds = roundsWithin(rounds);

  const b = sha512(key, usedSalt, key); // 4 to 8
  const a = sha512(key, usedSalt, filled(key.length, b), ...bitsOf(key.length).map((bit) => (bit ? b : key))); // 1 to 12
  const p = filled(key.length, sha512(...repeated(key, key.length))); // 13 to 16
  const s = filled(usedSalt.length, sha512(...repeated(usedSalt, 16 + a.readUInt8()))); // 17 to 20

  let c = a;
  for (let round = 0; round < usedRounds; round += 1) {
    const odd = round % 2 === 1;
    c = sha512(odd ? p : c, round % 3 === 0 ? nothing : s, round % 7 === 0 ? nothing : p, odd ? c : p); // 21
  }
  return `$6$rounds=${usedRounds}$${usedSalt.toString()}$${encoded(c)}`;
}

function sha512(...parts: Buffer[]): Buffer {
  return hash("sha512", Buffer.concat(parts), "buffer");
}

/** `pattern` over and over; of the last one as much as fits. */
function filled(bytes: number, pattern: Buffer): Buffer {
  return Buffer.alloc(bytes, pattern);
}

function repeated(part: Buffer, times: number): Buffer[] {
  return Array<Buffer>(times).fill(part);
}

/** From the lowest to the highest that is set. */
function bitsOf(value: number): boolean[] {
  return value === 0 ? [] : [value % 2 === 1, ...bitsOf(Math.floor(value / 2))];
}

/** Step 22: the digest is cut into three parts, of which each group has a byte, in an order that goes round. */
function encoded(digest: Buffer): string {
  const groups = Array.from({ length: 21 }, (_, group) => {
    const bytes = [0, 1, 2].map((place) => digest.readUInt8(group + 21 * ((group + place) % 3)));
    return characters(
      bytes.reduce((bits, byte) => (bits << 8) | byte, 0),
      4,
    );
  });
  return groups.join("") + characters(digest.readUInt8(63), 2);
}

/** Six bits each, the lowest first. */
function characters(bits: number, count: number): string {
  return Array.from({ length: count }, (_, index) => alphabet[(bits >> (6 * index)) & 63]).join("");
}
