import { expect, test } from "vitest";
import { addressOf } from "../../src/limits/address.ts";

const of = (address: string) =>
  addressOf(new Request("https://pimcp.example", { headers: { "cf-connecting-ip": address } }));

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::1", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:db8:0:0:1::", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::", "0:0:0:0::/64"],
  // One IPv4 address each, not one network for all of them.
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["not:an:address", "none"],
  ["", "none"],
])("%s is counted as %s", (address, key) => {
  expect(of(address)).toBe(key);
});

test("without an address all are counted as one", () => {
  expect(addressOf(new Request("http://localhost"))).toBe("none");
});

test("what a client claims of its address is not looked at", () => {
  const headers = { "x-forwarded-for": "203.0.113.7", "x-real-ip": "203.0.113.7", forwarded: "for=203.0.113.7" };
  expect(addressOf(new Request("http://localhost", { headers }))).toBe("none");
});
