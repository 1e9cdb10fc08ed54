import { gzipSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import { readChart } from "./read-chart.ts";
import { blockBytes, buildArchive, buildChart, buildSmallChart, buildTar, paxRecords } from "./testing/build-archive.ts";

const mebibyte = 1024 * 1024;
const head = "apiVersion: v2\nname: small\nversion: 1.0.0\n";

// Large archives are built here; on a busy machine that takes its time.
describe("bombs", { timeout: 60_000 }, () => {
  it("stops at a file that declares more than the budget, before reading it", async () => {
    const tar = buildTar([
      { name: "a/Chart.yaml", content: head },
      { name: "a/x", declaredSize: 101 * mebibyte },
    ]);
    await expect(readChart(gzipSync(tar))).rejects.toMatchObject({ code: "archive-too-large" });
  });

  it("stops at 100 MiB of zeros that come as a few bytes", async () => {
    const zeros = buildTar([
      { name: "a/Chart.yaml", content: head },
      { name: "a/x", content: Buffer.alloc(60 * mebibyte) },
      { name: "a/y", content: Buffer.alloc(60 * mebibyte) },
    ]);
    const before = process.memoryUsage().arrayBuffers;
    const archive = gzipSync(zeros, { level: 1 });
    await expect(readChart(archive)).rejects.toMatchObject({ code: "archive-too-large" });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * mebibyte);
  });

  it("gives nested charts no budget of their own", async () => {
    const inner = buildSmallChart({}, { big: Buffer.alloc(600_000) });
    const files = { "charts/a.tgz": inner, "charts/b.tgz": inner };
    const limits = { contentBytes: mebibyte };
    await expect(readChart(buildSmallChart({}, files), { limits })).rejects.toMatchObject({ code: "archive-too-large" });
    expect((await readChart(buildSmallChart({}, { "charts/a.tgz": inner }), { limits })).notes).toEqual([]);
  });

  it("follows charts within charts to a limit", async () => {
    let archive = buildSmallChart();
    for (let depth = 0; depth < 20; depth++) archive = buildSmallChart({}, { "charts/a.tgz": archive });
    await expect(readChart(archive)).rejects.toMatchObject({ code: "archive-too-large", message: expect.stringContaining("16 deep") });
  });

  it("follows unpacked charts within charts to the same limit", async () => {
    const deep = Array.from({ length: 20 }, (_, depth) => ({
      name: "p",
      pax: paxRecords({ path: `a/${"charts/b/".repeat(depth + 1)}Chart.yaml` }),
    })).flatMap(({ name: header, pax }) => [
      { name: header, type: "x", content: pax },
      { name: "long", content: head },
    ]);
    await expect(readChart(buildArchive([{ name: "a/Chart.yaml", content: head }, ...deep]))).rejects.toMatchObject({
      code: "archive-too-large",
    });
  });

  it("stops at a million entries", async () => {
    // Concatenated gzip members are one archive: a thousand members of a thousand entries each.
    const thousand = buildArchive(
      Array.from({ length: 1000 }, () => ({ name: "a/x" })),
      { endBlocks: 0 },
    );
    const archive = Buffer.concat(Array.from({ length: 1000 }, () => thousand));
    await expect(readChart(archive)).rejects.toMatchObject({ code: "archive-too-large", message: expect.stringContaining("entries") });
  });

  it("bounds what is unpacked of headers and padding alone", async () => {
    const limits = { contentBytes: 1000, entries: 10 };
    const tar = Buffer.concat([buildTar([{ name: "g", type: "g", content: Buffer.alloc(30_000) }], { endBlocks: 0 })]);
    await expect(readChart(gzipSync(tar), { limits })).rejects.toMatchObject({ code: "archive-too-large" });
  });

  it("loads a file over 5 MiB and says which Helm does not", async () => {
    const { notes } = await readChart(buildSmallChart({}, { big: Buffer.alloc(5 * mebibyte + 1) }));
    expect(notes).toEqual([expect.objectContaining({ code: "file-over-5-mib" })]);
    expect((await readChart(buildSmallChart({}, { big: Buffer.alloc(5 * mebibyte) }))).notes).toEqual([]);
  });
});

describe("YAML bombs", () => {
  it.each([
    [
      "aliases",
      `${head}${["x0: &x0 [a, a, a, a, a, a, a, a, a]", ...Array.from({ length: 9 }, (_, n) => `x${n + 1}: &x${n + 1} [${`*x${n}, `.repeat(9)}]`)].join("\n")}\n`,
    ],
    ["depth", "[".repeat(100_000)],
    ["an anchor in itself", `${head}x: &x [*x]\n`],
    ["5 MiB", head + "#".repeat(6 * mebibyte)],
  ])("refuses %s in Chart.yaml in no time", async (_what, chartYaml) => {
    const start = process.cpuUsage();
    await expect(readChart(buildChart({ "Chart.yaml": chartYaml }))).rejects.toMatchObject({ code: "chart-invalid" });
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(3000);
  });

  it("leaves prototypes alone", async () => {
    const chartYaml = `${head}__proto__: {polluted: yes}\nannotations:\n  __proto__: a\n  constructor: b\ndependencies:\n- name: d\n  import-values: [{__proto__: {polluted: yes}}]\n`;
    const { metadata } = await readChart(buildChart({ "Chart.yaml": chartYaml }));
    expect(Object.entries(metadata.annotations ?? {})).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});

describe("gzip as Go reads it", () => {
  const tar = buildTar([{ name: "a/Chart.yaml", content: head }]);
  const packed = gzipSync(tar);
  const cut = buildTar([{ name: "a/Chart.yaml", content: head }], { endBlocks: 0 });
  const helmHeader = Buffer.from([0x1f, 0x8b, 8, 4 | 16, 0, 0, 0, 0, 0, 255, 5, 0, ...Buffer.from("+aHR0Helm\0")]);
  const wrongSum = Buffer.from(packed);
  wrongSum[packed.byteLength - 8] = (wrongSum[packed.byteLength - 8] ?? 0) ^ 1;

  it.each([
    ["trailing garbage", Buffer.concat([packed, Buffer.from("garbage")])],
    ["two members", Buffer.concat([gzipSync(tar.subarray(0, 300)), gzipSync(tar.subarray(300))])],
    ["Helm 3's malformed extra field", Buffer.concat([helmHeader, packed.subarray(10)])],
    ["a missing trailer behind the archive's end", packed.subarray(0, -8)],
    ["a wrong checksum behind the archive's end", wrongSum],
    ["no end mark", gzipSync(cut)],
    ["cut padding", gzipSync(cut.subarray(0, blockBytes + head.length + 5))],
    ["one zero block", gzipSync(Buffer.concat([cut, Buffer.alloc(blockBytes)]))],
  ])("reads %s without a remark", async (_what, archive) => {
    expect(await readChart(archive)).toMatchObject({ metadata: { name: "small" }, notes: [] });
  });

  it.each([
    ["a cut archive", gzipSync(tar.subarray(0, 2 * blockBytes + 100))],
    [
      "a damaged header",
      buildArchive([
        { name: "a/Chart.yaml", content: head },
        { name: "a/x", badChecksum: true },
      ]),
    ],
    [
      "a file cut short",
      buildArchive(
        [
          { name: "a/Chart.yaml", content: head },
          { name: "a/x", declaredSize: 5000 },
        ],
        { endBlocks: 0 },
      ),
    ],
    [
      "a malformed pax header",
      buildArchive([{ name: "a/Chart.yaml", content: head }, { name: "p", type: "x", content: "99 path=x\n" }, { name: "a/x" }]),
    ],
    [
      "a link that declares content",
      buildArchive([
        { name: "a/Chart.yaml", content: head },
        { name: "a/x", type: "2", linkName: "y", declaredSize: 10 },
      ]),
    ],
    ["garbage where the archive goes on", Buffer.concat([gzipSync(cut), Buffer.from("garbage!!!!")])],
    ["a wrong checksum where the archive goes on", Buffer.concat([wrongSumOf(cut)])],
  ])("keeps what stands before %s, and says so", async (_what, archive) => {
    const { metadata, notes } = await readChart(archive);
    expect(metadata.name).toBe("small");
    expect(notes).toEqual([expect.objectContaining({ code: "damaged-archive" })]);
  });

  it("does not unpack an archive that is compressed twice", async () => {
    await expect(readChart(gzipSync(packed))).rejects.toMatchObject({ code: "chart-invalid" });
  });
});

function wrongSumOf(tar: Buffer): Buffer {
  const packed = gzipSync(tar);
  packed.writeUInt32LE(0, packed.byteLength - 8);
  return packed;
}

describe("tar as Go reads it", () => {
  const last = { name: "a/Chart.yaml", content: "name: last\nversion: 2.0.0\n" };
  const first = { name: "a/Chart.yaml", content: head };

  it.each([
    ["a pax path", [first, { name: "p", type: "x", content: paxRecords({ path: "a/Chart.yaml" }) }, { ...last, name: "other" }]],
    ["a GNU long name", [first, { name: "l", type: "L", content: "a/Chart.yaml\0" }, { ...last, name: "other" }]],
    ["an unknown type", [first, { ...last, type: "Z" }]],
    ["a contiguous file", [first, { ...last, type: "7" }]],
    ["the oldest format", [first, { ...last, type: "\0", magic: "\0\0\0\0\0\0\0\0" }]],
    ["a file with a link name", [first, { ...last, linkName: "x" }]],
    [
      "a pax value with a line break",
      [first, { name: "p", type: "x", content: paxRecords({ comment: "a\nb", path: "a/Chart.yaml" }) }, { ...last, name: "other" }],
    ],
  ])("sees the Chart.yaml behind %s", async (_what, entries) => {
    expect((await readChart(buildArchive(entries))).metadata.name).toBe("last");
  });

  it.each([
    ["a global path", [first, { name: "g", type: "g", content: paxRecords({ path: "a/Chart.yaml" }) }, { ...last, name: "a/other" }]],
    [
      "a pax path that a global header cuts off",
      [
        first,
        { name: "p", type: "x", content: paxRecords({ path: "a/Chart.yaml" }) },
        { name: "g", type: "g", content: paxRecords({ comment: "x" }) },
        { ...last, name: "a/other" },
      ],
    ],
    ["a link", [first, { name: "a/Chart.yaml", type: "2", linkName: "other" }]],
    ["a folder", [first, { name: "a/Chart.yaml", type: "5" }]],
    ["the end mark", [first, { name: "\0", type: "\0", magic: "" }]],
  ])("does not see one behind %s", async (_what, entries) => {
    expect((await readChart(buildArchive(entries))).metadata.name).toBe("small");
  });
});
