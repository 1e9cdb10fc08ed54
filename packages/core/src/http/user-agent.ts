/** Version of this package; a test holds it equal to package.json. */
export const coreVersion = "0.1.0";

export const defaultUserAgent = `chartferry/${coreVersion}`;
