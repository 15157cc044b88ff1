import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { roundsWithin, sha512Crypt } from "./sha512-crypt.ts";

describe("sha512Crypt", () => {
  // Those of the specification; where it names no rounds it means 5000.
  it.each([
    [
      "Hello world!",
      { salt: "saltstring", rounds: 5000 },
      "$6$rounds=5000$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    ],
    [
      "Hello world!",
      { salt: "saltstringsaltstring", rounds: 10_000 },
      "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
    ],
    [
      "This is just a test",
      { salt: "toolongsaltstring", rounds: 5000 },
      "$6$rounds=5000$toolongsaltstrin$lQ8jolhgVRVhY4b5pZKaysCLi0QBxGoNeKQzQ3glMhwllF7oGDZxUhx1yxdYcz/e1JSbq3y6JMxxl8audkUEm0",
    ],
    [
      "a very much longer text to encrypt.  This one even stretches over morethan one line.",
      { salt: "anotherlongsaltstring", rounds: 1400 },
      "$6$rounds=1400$anotherlongsalts$POfYwTEok97VWcjxIiSOjiykti.o/pQs.wPvMxQ6Fm7I6IoYN3CmLs66x9t0oSwbtEW7o7UmJEiDwGqd8p4ur1",
    ],
    [
      "we have a short salt string but not a short password",
      { salt: "short", rounds: 77_777 },
      "$6$rounds=77777$short$WuQyW2YR.hBNpjjRhpYD/ifIw05xdfeEyQoMxIXbkvr0gge1a1x3yRULJ5CCaUeOxFmtlcGZelFl5CxtgfiAc0",
    ],
    [
      "a short string",
      { salt: "asaltof16chars..", rounds: 123_456 },
      "$6$rounds=123456$asaltof16chars..$BtCwjqMJGx5hrJhZywWvt0RLE8uZ4oPwcelCjmw2kSYu.Ec6ycULevoBK25fs2xXgMNrCzIMVcgEJAstJeonj1",
    ],
    [
      "the minimum number is still observed",
      { salt: "roundstoolow", rounds: 10 },
      "$6$rounds=1000$roundstoolow$kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrsX.",
    ],
  ])("makes the published hash of %j with %j", (password, setting, hash) => {
    expect(sha512Crypt(password, setting)).toBe(hash);
  });

  it("makes the hashes of openssl, for passwords of each length up to 72 bytes and short and long salts", () => {
    const ascii = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index));
    const wide = ["z", "ä", "€", "語", "😀"];
    const lengths = Array.from({ length: 72 }, (_, index) => index + 1);
    const passwords = [ascii, wide, [...ascii, ...wide]].flatMap((characters) =>
      lengths.map((bytes) => randomPassword(bytes, characters)),
    );
    for (const [group, saltChars] of [1, 2, 7, 8, 15, 16].entries()) {
      const setting = { salt: "Salt./09azAZfor16".slice(0, saltChars), rounds: 1000 + group };
      const some = passwords.filter((_, index) => index % 6 === group);
      const hashes = hashedByOpenssl(some, setting);
      const pairs = some.map((password) => [password, sha512Crypt(password, setting)]);
      expect(pairs).toEqual(some.map((password, index) => [password, hashes[index]]));
    }
  });
});

describe("roundsWithin", () => {
  it("keeps to the limits of the specification", () => {
    expect([999, 1000, 5000, 999_999_999, 1_000_000_000].map(roundsWithin)).toEqual([
      1000, 1000, 5000, 999_999_999, 999_999_999,
    ]);
  });
});

/** One process for all of them; it reads a password a line. */
function hashedByOpenssl(passwords: string[], { salt, rounds }: { salt: string; rounds: number }): string[] {
  const options = ["passwd", "-6", "-stdin", "-salt", `rounds=${rounds}$${salt}`];
  return execFileSync("openssl", options, { input: passwords.join("\n"), encoding: "utf8" })
    .trimEnd()
    .split("\n");
}

function randomPassword(bytes: number, characters: string[]): string {
  const fitting = characters.filter((character) => Buffer.byteLength(character) <= bytes);
  const next = fitting[randomInt(Math.max(1, fitting.length))];
  return next === undefined ? "" : next + randomPassword(bytes - Buffer.byteLength(next), characters);
}
