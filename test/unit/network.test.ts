import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { usableNameServers } from "../../helper/network/nameServers.ts";
import { chooseSubnet, endsOf, parsePrefix, routedPrefixes } from "../../helper/network/subnet.ts";
import { TerrariumError } from "../../helper/protocol/errors.ts";
import { sandboxSpec } from "../../helper/protocol/schemas.ts";

const nobodys: ReadonlySet<string> = new Set();

describe("a sandbox's four addresses", () => {
  test("are the first that no sandbox has and no route leads to", () => {
    assert.equal(chooseSubnet(nobodys, []), "10.213.0.0");
    assert.deepEqual(endsOf("10.213.0.0"), { host: "10.213.0.1", sandbox: "10.213.0.2" });
    const routes = [{ dst: "default", dev: "eth0" }, { dst: "10.213.0.9" }];
    const routed = routedPrefixes(routes);
    const inUse = new Set(["10.213.0.0", "10.213.0.4"]);
    assert.equal(chooseSubnet(inUse, routed), "10.213.0.12");
  });

  test("are those of the last time, where nobody took them", () => {
    assert.equal(chooseSubnet(nobodys, [], "10.213.7.8"), "10.213.7.8");
    assert.equal(chooseSubnet(new Set(["10.213.7.8"]), [], "10.213.7.8"), "10.213.0.0");
  });

  test("lie elsewhere where a VPN has all of 10.0.0.0/8, and are refused where all is taken", () => {
    assert.equal(chooseSubnet(nobodys, [parsePrefix("10.0.0.0/8")]), "172.29.0.0");
    assert.throws(
      () => chooseSubnet(nobodys, [parsePrefix("0.0.0.0/1"), parsePrefix("128.0.0.0/1")]),
      (error) => TerrariumError.is(error, "networkFailed"),
    );
  });

  test("never overlap with a route", () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const route = fc.tuple(
      fc.constantFrom(10, 172, 192),
      octet,
      octet,
      octet,
      fc.integer({ min: 1, max: 32 }),
    );
    fc.assert(
      fc.property(route, ([a, b, c, d, length]) => {
        const size = 2 ** (32 - length);
        const { first } = parsePrefix(`${a}.${b}.${c}.${d}`);
        const routed = { first: first - (first % size), last: first - (first % size) + size - 1 };
        const chosen = parsePrefix(`${chooseSubnet(nobodys, [routed])}/30`);
        assert.ok(chosen.last < routed.first || chosen.first > routed.last);
      }),
    );
  });
});

test("a name server on loopback, of the host itself or of IPv6 is of no use to a sandbox", () => {
  const text = [
    ...["# by hand", "nameserver 127.0.0.53", "nameserver 192.0.2.1", "nameserver fe80::1%eth0"],
    ...["nameserver\t198.51.100.7", "options edns0"],
  ].join("\n");
  assert.deepEqual(usableNameServers(text, new Set(["192.0.2.1"])), ["198.51.100.7"]);
});

test("dns takes IPv4 addresses, and no text that would be a line of its own", () => {
  const parse = (address: string) => sandboxSpec.safeParse({ dns: [address] }).success;
  for (const address of ["1.1.1.1", "255.0.10.200"]) assert.ok(parse(address));
  for (const address of ["", "1.1.1", "1.1.1.1.", "256.1.1.1", "1.1.1.1\nsearch a", "::1"]) {
    assert.ok(!parse(address), address);
  }
});
