import { describe, expect, it } from "vitest";

import { type AddressKind, classifyAddress, isLoopbackName, isMetadataName, mayConnect } from "./address-rules.ts";

const table: readonly (readonly [string, AddressKind])[] = [
  ["8.8.8.8", "public"],
  ["172.15.255.255", "public"],
  ["172.32.0.0", "public"],
  ["100.63.255.255", "public"],
  ["100.128.0.0", "public"],
  ["2606:4700::1111", "public"],
  ["10.0.0.1", "private"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["192.168.1.1", "private"],
  ["100.64.0.1", "private"],
  ["fc00::1", "private"],
  ["fd12:3456::1", "private"],
  ["fec0::1", "private"],
  ["127.0.0.1", "loopback"],
  ["127.255.255.254", "loopback"],
  ["0.0.0.0", "loopback"],
  ["0.1.2.3", "loopback"],
  ["::1", "loopback"],
  ["[::1]", "loopback"],
  ["::", "loopback"],
  ["169.254.1.1", "link-local"],
  ["fe80::1", "link-local"],
  ["fe80::1%eth0", "link-local"],
  ["febf::1", "link-local"],
  ["169.254.169.254", "metadata"],
  ["169.254.170.2", "metadata"],
  ["100.100.100.200", "metadata"],
  ["168.63.129.16", "metadata"],
  ["192.0.0.192", "metadata"],
  ["fd00:ec2::254", "metadata"],
  ["fd00:0ec2:0:0:0:0:0:0254", "metadata"],
  ["fd20:ce::254", "metadata"],
  // IPv4 inside IPv6
  ["::ffff:127.0.0.1", "loopback"],
  ["::ffff:7f00:1", "loopback"],
  ["::ffff:169.254.169.254", "metadata"],
  ["::ffff:10.0.0.1", "private"],
  ["::ffff:8.8.8.8", "public"],
  ["::169.254.169.254", "metadata"],
  ["::ffff:0:127.0.0.1", "loopback"],
  ["64:ff9b::169.254.169.254", "metadata"],
  ["64:ff9b::7f00:1", "loopback"],
  ["64:ff9b::808:808", "public"],
  ["64:ff9b:1::a9fe:a9fe", "metadata"],
  ["2002:a9fe:a9fe::1", "metadata"],
  ["2002:7f00:1::", "loopback"],
  ["2002:808:808::1", "public"],
  ["2001:0:808:808:0:0:5601:5601", "metadata"],
  ["2001:db8:0:0:0:5efe:127.0.0.1", "loopback"],
  ["224.0.0.1", "reserved"],
  ["255.255.255.255", "reserved"],
  ["240.0.0.1", "reserved"],
  ["ff02::1", "reserved"],
  ["not an address", "reserved"],
  ["", "reserved"],
];

describe("addresses that a server may send us to", () => {
  it.each(table)("classifies %s as %s", (address, kind) => {
    expect(classifyAddress(address)).toBe(kind);
  });

  it("lets public and private through, loopback only from loopback, and the rest never", () => {
    const kinds: readonly AddressKind[] = ["public", "private", "loopback", "link-local", "metadata", "reserved"];
    expect(kinds.filter((kind) => mayConnect(kind, { fromLoopback: false }))).toEqual(["public", "private"]);
    expect(kinds.filter((kind) => mayConnect(kind, { fromLoopback: true }))).toEqual(["public", "private", "loopback"]);
  });

  it.each(["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1"])("knows %s as this machine", (name) => {
    expect(isLoopbackName(name)).toBe(true);
  });

  it.each(["localhost.example.com", "example.com", "10.0.0.1", "notlocalhost", "1.127.0.0.1.example"])(
    "does not take %s for this machine",
    (name) => {
      expect(isLoopbackName(name)).toBe(false);
    },
  );

  it("knows the metadata services by name", () => {
    expect(isMetadataName("Metadata.Google.Internal.")).toBe(true);
    expect(isMetadataName("metadata.example.com")).toBe(false);
  });

  it("sees through the spellings that the URL parser normalises", () => {
    const spellings = ["http://0x7f.1/", "http://2130706433/", "http://0177.0.0.1/", "http://[::ffff:7f00:1]/", "http://127.1/"];
    expect(spellings.map((text) => classifyAddress(new URL(text).hostname))).toEqual(Array.from({ length: 5 }, () => "loopback"));
  });
});
