/** Characters of a foreign text that go into a message. */
const longestShown = 160;

/** Foreign text as it may stand in a message or on a terminal: no controls, no bidi marks or other invisible formats, not endless. */
export function shown(text: string): string {
  const clean = text.slice(0, longestShown + 1).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "�");
  return clean.length > longestShown ? `${clean.slice(0, longestShown)}…` : clean;
}

/** A url without userinfo, query and fragment: signed urls carry their secret in the query. */
export function shownUrl(url: URL): string {
  return shown(`${url.protocol}//${url.host}${url.pathname}${url.search === "" ? "" : "?…"}`);
}
