import { describe, expect, it } from "vitest";

import { bytesContent } from "../content.ts";
import { uploadBlob } from "./blob-upload.ts";
import { type ScriptedAnswer, scriptedEnd } from "./testing/scripted-end.ts";

const blob = bytesContent(new TextEncoder().encode("chart archive"));
const uploads = "/v2/charts/web/blobs/uploads/";
const digest = encodeURIComponent(blob.digest);

/** Takes bytes by PATCH alone, as Artifactory did for years. */
function patchOnly(status: number): ReturnType<typeof scriptedEnd> {
  let session = 0;
  const end = scriptedEnd((line, { body }): ScriptedAnswer => {
    if (line.startsWith("POST")) return { status: 202, headers: { location: `/up/${++session}` } };
    if (line.startsWith("PATCH")) return { status: 202, headers: { location: `/up/${session}?patched` } };
    return { status: body === undefined ? 201 : status };
  });
  end.uploads.session = "put-or-patch";
  return end;
}

describe("a registry that refuses a whole blob in the closing PUT", () => {
  it.each([400, 403, 404, 405])("is given it by one PATCH, from then on at once (%i)", async (status) => {
    const end = patchOnly(status);
    await uploadBlob(end, blob);
    expect(end.requests).toEqual([
      `POST ${uploads}`,
      `PUT /up/1?digest=${digest}`,
      `POST ${uploads}`,
      "PATCH /up/2",
      `PUT /up/2?patched&digest=${digest}`,
    ]);
    end.requests.length = 0;
    await uploadBlob(end, blob);
    expect(end.requests).toEqual([`POST ${uploads}`, "PATCH /up/3", `PUT /up/3?patched&digest=${digest}`]);
  });

  it("is not given it in another way where it refuses that too, nor where its adapter knows of none", async () => {
    const refusing = scriptedEnd((line) => (line.startsWith("POST") ? { status: 202, headers: { location: "/up/1" } } : { status: 403 }));
    refusing.uploads.session = "put-or-patch";
    await expect(uploadBlob(refusing, blob)).rejects.toMatchObject({ code: "denied", status: 403 });
    expect(refusing.uploads.session).toBe("put-or-patch");
    const other = patchOnly(405);
    other.uploads.session = "put";
    await expect(uploadBlob(other, blob)).rejects.toMatchObject({ status: 405 });
  });

  it.each([401, 429])("is not asked for another form by a %i", async (status) => {
    const end = patchOnly(status);
    await expect(uploadBlob(end, blob)).rejects.toMatchObject({ status });
    expect(end.requests.filter((line) => line.startsWith("PATCH"))).toEqual([]);
  });

  it("is known to take it once it has", async () => {
    let refuses = false;
    const end = scriptedEnd((line) => {
      if (line.startsWith("POST")) return { status: 202, headers: { location: "/up/1" } };
      return { status: refuses ? 403 : 201 };
    });
    end.uploads.session = "put-or-patch";
    await uploadBlob(end, blob);
    refuses = true;
    await expect(uploadBlob(end, blob)).rejects.toMatchObject({ code: "denied" });
    expect(end.requests.filter((line) => line.startsWith("PATCH"))).toEqual([]);
  });
});
