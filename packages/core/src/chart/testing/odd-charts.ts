/** A chart with an oddity, as files within the chart. Helm loads and pushes it; what it writes must be what we write. */
export interface OddChart {
  readonly title: string;
  /** The first is Chart.yaml; a name may come twice. */
  readonly files: readonly (readonly [name: string, content: string | Buffer])[];
}

const head = "apiVersion: v2\nname: odd\nversion: 1.0.0\n";

function odd(title: string, chartYaml: string | Buffer): OddChart {
  return { title, files: [["Chart.yaml", chartYaml]] };
}

function field(title: string, more: string): OddChart {
  return odd(title, head + more);
}

const scalarFields: readonly OddChart[] = [
  field("boolean words in text fields", "description: yes\nhome: off\nicon: TRUE\nappVersion: n\ncondition: Y\ntags: No\n"),
  field("numbers in text fields", "appVersion: 1.10\ndescription: 010\nhome: 0x1F\nicon: 1_000\ncondition: 0b101\ntags: 0o17\n"),
  field(
    "floats in text fields",
    "appVersion: 72551e2\ndescription: 20231015.1\nhome: 1.2345678901\nicon: 1e40\ncondition: .5\ntags: 1e-7\n",
  ),
  field("odd floats in text fields", "appVersion: .nan\ndescription: -.inf\nhome: +.inf\nicon: 1e400\ncondition: -0.0\ntags: 1.\n"),
  field(
    "large integers",
    "appVersion: 18446744073709551615\ndescription: 18446744073709551616\nhome: -9223372036854775808\nicon: -9223372036854775809\n",
  ),
  field(
    "signed and odd integers",
    "appVersion: +12\ndescription: -0\nhome: +18446744073709551615\nicon: 08\ncondition: 0_8\ntags: -0x10\n",
  ),
  field("sexagesimal and dates stay text", "appVersion: 1:30\ndescription: 2020-01-02\nhome: 2020-01-02T03:04:05Z\nicon: 190:20:30.15\n"),
  field("nulls", "appVersion: null\ndescription: ~\nhome:\nicon: Null\nkeywords: null\nmaintainers: ~\nannotations:\n"),
  field("quoted words stay text", "appVersion: \"yes\"\ndescription: '1.10'\nhome: \"null\"\nicon: '~'\n"),
  field(
    "explicit tags",
    'appVersion: !!str 1.10\ndescription: !!float 3\nhome: !!int "7"\nicon: !!binary aGVsbG8=\ncondition: ! 12\ntags: !custom 5\n',
  ),
  field(
    "powers of two as floats",
    "appVersion: 16777216.0\ndescription: 9007199254740992.0\nhome: 1.1754944e-38\nicon: 1.401298464324817e-45\n",
  ),
  field("hexadecimal and leading dots", "appVersion: 0x_1F\ndescription: .5e3\nhome: .\nicon: 0.\ncondition: 1e+3\ntags: 1E5\n"),
];

/** Escapes of every 499th code point; surrogates are none. */
function planeSample(): string {
  let escapes = "";
  for (let code = 0; code < 0x110000; code += 499) {
    if (code < 0xd800 || code > 0xdfff) escapes += `\\U${code.toString(16).padStart(8, "0")}`;
  }
  return escapes;
}

const textFields: readonly OddChart[] = [
  field("block scalars end with a space", "description: |\n  two\n  lines\nhome: >\n  folded\n  text\nicon: |-\n  cut\n"),
  field("characters that Go escapes", 'description: "a < b & c > d \\u2028 \\u2029 \\" \\\\ /"\n'),
  field("control, bidi and invisible characters", 'description: "a\\tb\\x07c\\u202Ed\\u00ADe\\u200Df\\u00A0g\\u3000h\\x7Fi\\uFEFFj"\n'),
  field("joined emoji fall apart", "description: \u{1f468}\u200D\u{1f469}\u200D\u{1f467} caf\u00e9 e\u0301 \u{1f1e9}\u{1f1ea}\n"),
  field("private use and unassigned characters vanish", 'description: "a\\uE000b\\U0010FFFDc\\u0378d"\n'),
  field("characters that are newer than Go's Unicode", 'description: "tired \\U0001FAE9 \\U0002EBF0\\U0001F6D8\\u2FFC\\U0001FAE8"\n'),
  field("a sample of every plane", `description: "${planeSample()}"\n`),
  field("sanitised lists", 'sources: ["https://a\\n", "b\\tc"]\nkeywords: ["x\\u200By", " "]\n'),
  field("not sanitised", 'type: application\nannotations: {"a\\nb": "c\\td\\x01"}\n'),
  field("blank home is no annotation", 'home: " "\ndescription: "\\t"\n'),
];

const openEnds: readonly OddChart[] = [
  ["literal", "annotations:\n  artifacthub.io/changes: |\n    - kind: fixed\n      description: a: b"],
  ["kept", "annotations:\n  a: |+\n    x\n\n    y"],
  ["kept with a blank last line", "annotations:\n  a: |+\n    x\n\n    "],
  ["cut", "annotations:\n  a: |-\n    x"],
  ["folded", "annotations:\n  a: >\n    x\n    y\n\n    z"],
  ["with more blanks than its indent", "annotations:\n  a: |\n    x\n     "],
  ["with its indent in the header", "annotations:\n  a: |1+\n    x\n   y"],
  ["with its indent in the header and blanks only", "annotations:\n  a: |2+ # c\n     "],
  ["in a list", "keywords:\n- x\n- |\n  y"],
  ["in a list, with its indent in the header", "keywords:\n- x\n- >1\n    y"],
  ["in one of the texts", "description: |\n  x"],
  ["with a tag", "annotations:\n  b: |\n    y\n  a: !!str |\n    x"],
  ["a header alone", "annotations:\n  a: b\n  c: |"],
  ["a comment behind it", "annotations:\n  a: |\n    x\n# c"],
].map(([title = "", more = ""]) => field(`a block text at the end without a line end: ${title}`, more));

const openRequirements: readonly OddChart[] = [
  {
    title: "a block text at the end of requirements.yaml without a line end",
    files: [
      ["Chart.yaml", "name: odd\nversion: 1.0.0\n"],
      ["requirements.yaml", "dependencies:\n- name: a\n  import-values:\n  - |\n    x\n  version: |\n    1.0.0"],
    ],
  },
  {
    title: "free-form import values that end in a block text without a line end",
    files: [
      ["Chart.yaml", "name: odd\nversion: 1.0.0\n"],
      ["requirements.yaml", "dependencies:\n- name: a\n  import-values:\n  - |\n    x"],
    ],
  },
];

const oldBreaks: readonly OddChart[] = [
  ["literal", "annotations:\n  a: |\n    x\u2028\n  b: |\n    x\u2029    y\u0085    z\u2028\n"],
  ["chomping", "annotations:\n  a: |-\n    x\u2028\n  b: |+\n    x\u2028\u2029\n  c: |\n    x\u2028    \u2029\n"],
  ["folded", "annotations:\n  a: >\n    x\u2028    y\n    z\u0085    w\n\u2029    v\n  b: >-\n    x\u2028\n"],
  ["indent in the header", "annotations:\n  a: |1\u2028   x\u2028    y\n  b: >2-\u2028\n     x\u2029    y\u2028"],
  ["double quotes", 'annotations:\n  a: "x\u2028  y"\n  b: "x \u2029 \n\u2028 y\u0085  z"\n  c: "x\\\u2028  y\\\n\n  z"\n'],
  ["single quotes", "annotations:\n  a: 'x\u2028  ''y'\n  b: 'x\n\u2029 y \"\\ z'\n"],
  ["plain", "annotations:\n  a: x\u2028\n  b: x\u0085\n  c: x\u2028   y\n  d: 5\u2029   6\n  e: 5\u2028"],
  ["between keys", "annotations: {a: b,\u2028c: d}\u2028home: x\u0085icon: y\u2029# c\u2028description: z"],
  ["lists", "keywords:\u2028- x\u2028-  |\u2028   y\u2028- 'z'\u2028"],
].map(([title = "", more = ""]) => field(`line breaks of old: ${title}`, more));

const otherBytes: readonly OddChart[] = [
  odd("line breaks of old at the start", `\u2028${head}`),
  odd("line breaks of old all over", head.replaceAll("\n", "\u2028")),
  odd("U+0085 all over", head.replaceAll("\n", "\u0085")),
  odd("UTF-16, little end first", Buffer.from(`\u{feff}${head}description: \u00e9\u{1f600}\n`, "utf16le")),
  odd("UTF-16, big end first", Buffer.from(`\u{feff}${head}description: \u00e9\u{1f600}\n`, "utf16le").swap16()),
  odd("two byte order marks", `\u{feff}\u{feff}${head}`),
  odd("a directive behind the content", `${head}%YAML 1.2\n---\nname: other\n`),
  odd("a directive for tags behind the content", `${head}%TAG ! tag:example.com:\n`),
  field("escaped blanks and line breaks", 'annotations:\n  a: "x\\ \n    y"\n  b: "x\\\n\n    y"\n  c: "x \\\n    \\  y\\\t\n    z"\n'),
  field("a tag on the line above", "description: !!str\n  y\nhome: !!str\n  1.10\nicon: !!str\n  ~\n"),
];

const mapsAndLists: readonly OddChart[] = [
  field(
    "annotation values of all kinds",
    "annotations: {a: 1, b: yes, c: 1.10, d: null, e: '', f: 2020-01-01, y: n, 1: one, 1.5: x, ~x: tilde}\n",
  ),
  field(
    "annotations override",
    "description: d\nannotations:\n  org.opencontainers.image.created: '2001-01-01'\n  org.opencontainers.image.title: no\n  org.opencontainers.image.description: ''\n",
  ),
  field("annotation keys beyond U+FFFF", "annotations: {\u{1f600}: a, \uff5e: b, \ue000: c, Z: d, a: e, _: f}\n"),
  field("annotations in another case", "annotations: {a: one, b: two}\nAnnotations: {b: three, c: four}\n"),
  field("maintainers without name or email", "maintainers:\n- email: e\n- name: n\n- {}\n- name: a\n  email: b\n  url: u\n  other: x\n"),
  field("numeric maintainer", "maintainers: [{name: 1, email: yes}]\nsources: [1, yes, 1.10, null]\nkeywords: [0x10, ~, off]\n"),
  field("empty lists and maps", "sources: []\nkeywords: []\nmaintainers: []\nannotations: {}\ndependencies: []\n"),
  field("deprecated", "deprecated: yes\n"),
  field("not deprecated", "deprecated: off\n"),
  field("unknown keys vanish", "engine: gotpl\nfoo: {bar: [1, 2]}\n"),
];

const dependencies: readonly OddChart[] = [
  field("bare dependency", "dependencies: [{name: a}]\n"),
  field(
    "full dependency",
    "dependencies:\n- {name: a, version: 1.10, repository: 'https://x', condition: a.b, tags: [t, 1], enabled: true, import-values: [x, {child: c, parent: p}], alias: al}\n",
  ),
  field(
    "free-form import values",
    "dependencies:\n- name: a\n  import-values: [1, 1.5, 1e21, 1e-7, 0.000001, 123456789012345678, -0.0, true, null, [a, {z: 1, y: <}], 0x10, 1e20, 100000000000000000000000]\n",
  ),
  {
    title: "requirements.yaml on v1",
    files: [
      ["Chart.yaml", "name: odd\nversion: 1.0.0\n"],
      ["requirements.yaml", "dependencies:\n- name: r\n  version: ^1\n  repository: '@x'\n"],
    ],
  },
  {
    title: "requirements.yaml on top of dependencies",
    files: [
      ["Chart.yaml", `${head}dependencies:\n- {name: a, version: 1, repository: x, condition: c, tags: [t]}\n- {name: b, alias: z}\n`],
      ["requirements.yaml", "dependencies:\n- {name: r, version: 2}\ndescription: from requirements\n"],
    ],
  },
  {
    title: "requirements.yaml with more",
    files: [
      ["Chart.yaml", `${head}dependencies:\n- {name: a, repository: x, enabled: true}\n`],
      ["requirements.yaml", "dependencies:\n- {version: 2}\n- {name: s}\n"],
    ],
  },
];

const structure: readonly OddChart[] = [
  odd("no apiVersion", "name: odd\nversion: 1.0.0\n"),
  odd("keys in any case", "APIVERSION: v2\nNAME: odd\nVersion: 1.0.0\nappversion: 3\nKubeversion: '>=1'\n"),
  odd("the same key in two cases", "apiVersion: v2\nname: odd\nName: other\nversion: 1.0.0\nVERSION: 2.0.0\nHome: a\nhome: null\n"),
  odd("long s and Kelvin sign in keys", "apiVer\u017fion: v2\nname: odd\nver\u017fion: 1.0.0\n\u212aeywords: [a]\n"),
  odd("duplicate keys", `${head}description: first\ndescription: second\nversion: 2.0.0\n`),
  odd("duplicate annotation keys", `${head}annotations: {a: 1, a: 2}\n`),
  odd("byte order mark", `\u{feff}${head}`),
  odd("Windows line ends", head.replaceAll("\n", "\r\n")),
  odd("document start and directive", `%YAML 1.1\n---\n${head}`),
  odd("comment before document start", `# comment\n\n---\n${head}`),
  odd("only the first document counts", `${head}---\nname: other\n`),
  odd("broken second document", `${head}---\n[broken\n`),
  odd("document end", `${head}...\nnot: [yaml\n`),
  odd("JSON", '{"apiVersion":"v2","name":"odd","version":"1.0.0","description":"a\\u00e9b","appVersion":"1"}'),
  odd("anchors and aliases", `${head}home: &h https://x\nsources: [*h, *h]\nmaintainers:\n- &m {name: a, email: b}\n- *m\n`),
  odd("merge keys", `${head}x: &x {description: merged, home: merged}\n<<: *x\nhome: own\n`),
  odd("a merge key overrides what stands before", `x: &x {description: merged}\n${head}description: own\n<<: *x\n`),
  odd("merge of a list", `${head}x: &x {description: one, home: one}\ny: &z {description: two, icon: two}\n<<: [*x, *z]\n`),
  odd("merge in annotations", `${head}x: &x {a: one, b: two}\nannotations:\n  b: own\n  <<: *x\n  c: 3\n`),
  odd("quoted merge key", `${head}annotations: {"<<": text}\n`),
  odd("complex keys", `${head}annotations:\n  ? a\n  : 1\n  ? "b c"\n  : 2\n`),
  odd("tabs and trailing spaces", `apiVersion: v2\t\nname: odd   \nversion:   1.0.0 # comment\ndescription: a\tb\n`),
  odd("folded plain text", `${head}description: one\n  two\n\n  three\n`),
  odd("double-quoted escapes", `${head}description: "a\\x41\\u00e9\\U0001F600\\e\\_\\N\\L\\P \\\n  next"\n`),
  odd("indented sequences", `${head}keywords:\n- a\n-   b\nsources:\n    - c\n`),
  odd("plain text with colons and hashes", `${head}description: a:b c#d http://x?y=[z]&w\nhome: http://x:80/#f\n`),
  {
    title: "two Chart.yaml",
    files: [
      ["Chart.yaml", `${head}description: first\nkeywords: [a, b]\nmaintainers: [{name: m, email: e}]\nannotations: {a: 1}\n`],
      ["Chart.yaml", "version: 2.0.0\nkeywords: [c]\nmaintainers: [{name: n}]\nannotations: {b: 2}\n"],
    ],
  },
];

const identity: readonly OddChart[] = [
  odd("leading v", "apiVersion: v2\nname: odd\nversion: v1.2.3\n"),
  odd("two-part version", "apiVersion: v2\nname: odd\nversion: 1.2\n"),
  odd("two-part version that YAML shortens", "apiVersion: v2\nname: odd\nversion: 1.10\n"),
  odd("leading zeros", "apiVersion: v2\nname: odd\nversion: 01.02.03\n"),
  odd("build metadata", "apiVersion: v2\nname: odd\nversion: 1.2.3-rc.1+build.7\n"),
  odd("version from an octal number", "apiVersion: v2\nname: odd\nversion: 010\n"),
  odd("name with spaces is cleaned", 'apiVersion: v2\nname: "odd\\u200B"\nversion: 1.0.0\n'),
  odd("library", `${head}type: library\n`),
  odd("unknown apiVersion", "apiVersion: v7\nname: odd\nversion: 1.0.0\n"),
];

/** All of them load in Helm 3.22 and 4.3 and push to any registry. */
export const oddCharts: readonly OddChart[] = [
  ...scalarFields,
  ...textFields,
  ...openEnds,
  ...openRequirements,
  ...oldBreaks,
  ...otherBytes,
  ...mapsAndLists,
  ...dependencies,
  ...structure,
  ...identity,
];
