import { describe, expect, it } from "vitest";

import { bytesContent } from "../content.ts";
import { digestOf } from "../digest.ts";
import { ChartferryError } from "../errors.ts";
import { uploadBlob } from "./blob-upload.ts";
import { scriptedEnd } from "./testing/scripted-end.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const blob = bytesContent(text("chart archive"));
const uploads = "/v2/charts/web/blobs/uploads/";

describe("uploading a blob", () => {
  it("takes one POST and one PUT, with the session's own query kept as it was written", async () => {
    const end = scriptedEnd((line) =>
      line.startsWith("POST") ? { status: 202, headers: { location: "/up/7?_state=a%2Fb==&x" } } : { status: 201 },
    );
    await uploadBlob(end, blob);
    expect(end.requests).toEqual([`POST ${uploads}`, `PUT /up/7?_state=a%2Fb==&x&digest=${encodeURIComponent(blob.digest)}`]);
  });

  it("takes a single POST where the registry does, and learns so once", async () => {
    const end = scriptedEnd(() => ({ status: 201 }));
    end.uploads.singlePost = "unknown";
    await uploadBlob(end, blob);
    await uploadBlob(end, bytesContent(text("other")));
    expect(end.requests.map((line) => line.split("?")[0])).toEqual([`POST ${uploads}`, `POST ${uploads}`]);
    expect(end.uploads.singlePost).toBe("yes");
  });

  it.each([
    [202, 3],
    [405, 4],
    [400, 4],
  ])("falls back for good when a single POST is answered %i", async (status, requests) => {
    const end = scriptedEnd((line) => {
      if (line.includes("?digest") && line.startsWith("POST")) return { status, headers: { location: "/up/1" } };
      return line.startsWith("POST") ? { status: 202, headers: { location: "/up/2" } } : { status: 201 };
    });
    end.uploads.singlePost = "unknown";
    await uploadBlob(end, blob);
    expect(end.uploads.singlePost).toBe("no");
    await uploadBlob(end, blob);
    expect(end.requests).toHaveLength(requests + 1);
  });

  it("notices where a registry takes no single POST any more, and sends no further body twice", async () => {
    let posts = 0;
    const end = scriptedEnd((line) => {
      if (!line.startsWith("POST")) return { status: 201 };
      return ++posts === 1 ? { status: 201 } : { status: 202, headers: { location: `/up/${posts}` } };
    });
    end.uploads.singlePost = "unknown";
    for (const word of ["one", "two", "three"]) await uploadBlob(end, bytesContent(text(word)));
    const bodies = end.requests.filter((line) => line.startsWith("POST")).map((line) => line.includes("?digest"));
    expect(bodies).toEqual([true, true, false]);
  });

  it.each([
    ["is there already", String(5 * 1024 * 1024), 1],
    ["is there and has lost bytes", "3", 3],
    ["is there, as far as is told", "", 1],
  ])("looks before it sends a large blob, and sends one that is not whole: it %s", async (_title, length, requests) => {
    const end = scriptedEnd((line) => {
      if (line.startsWith("HEAD")) return { status: 200, headers: length === "" ? {} : { "content-length": length } };
      return line.startsWith("POST") ? { status: 202, headers: { location: "/up/1" } } : { status: 201 };
    });
    await uploadBlob(end, bytesContent(new Uint8Array(5 * 1024 * 1024)));
    expect(end.requests).toHaveLength(requests);
  });

  it("lets one upload find out while the others go the sure way", async () => {
    const end = scriptedEnd((line) =>
      line.startsWith("PUT") || line.includes("?") ? { status: 201 } : { status: 202, headers: { location: "/up/1" } },
    );
    end.uploads.singlePost = "unknown";
    await Promise.all([uploadBlob(end, blob), uploadBlob(end, bytesContent(text("other")))]);
    expect(end.requests.filter((line) => line.includes("?digest") && line.startsWith("POST"))).toHaveLength(1);
  });

  it.each([404, 416])(
    "starts a new session when the old one is gone (%i), and looks first whether the blob has arrived",
    async (status) => {
      let puts = 0;
      const end = scriptedEnd((line) => {
        if (line.startsWith("POST")) return { status: 202, headers: { location: "/up/1" } };
        if (line.startsWith("HEAD")) return { status: 404 };
        return { status: puts++ === 0 ? status : 201, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' };
      });
      await uploadBlob(end, blob);
      expect(end.requests.map((line) => line.split(" ")[0])).toEqual(["POST", "PUT", "HEAD", "POST", "PUT"]);
      expect(end.pauses).toEqual(["upload-lost"]);
    },
  );

  it("takes any 404 for a session that is gone, whoever answers it", async () => {
    const end = scriptedEnd((line) => {
      if (line.startsWith("POST")) return { status: 202, headers: { location: "/up/1" } };
      return { status: 404, body: "404 page not found" };
    });
    await expect(uploadBlob(end, blob)).rejects.toMatchObject({ code: "upload-lost" });
    expect(end.requests.filter((line) => line.startsWith("PUT"))).toHaveLength(3);
  });

  it("does not repeat what the token service has failed with: that was repeated there", async () => {
    const end = scriptedEnd(() => {
      throw new ChartferryError("no answer", { code: "timeout", operation: "sign in", retryable: true });
    });
    await expect(uploadBlob(end, blob)).rejects.toMatchObject({ code: "timeout" });
    expect(end.requests).toHaveLength(1);
  });

  it("repeats the whole session when the connection breaks, and stops when the blob turns out to be there", async () => {
    const end = scriptedEnd((line) => {
      if (line.startsWith("POST")) return { status: 202, headers: { location: "/up/1" } };
      if (line.startsWith("HEAD")) return { status: 200 };
      throw new ChartferryError("reset", { code: "connection-lost", operation: "push blob", retryable: true });
    });
    await uploadBlob(end, blob);
    expect(end.requests.map((line) => line.split(" ")[0])).toEqual(["POST", "PUT", "HEAD"]);
  });

  it("gives up after a few sessions, with the last error", async () => {
    const end = scriptedEnd((line) => {
      if (line.startsWith("POST")) return { status: 202, headers: { location: "/up/1" } };
      return { status: line.startsWith("HEAD") ? 404 : 500 };
    });
    await expect(uploadBlob(end, blob)).rejects.toMatchObject({
      code: "unavailable",
      registry: "registry.example",
      repository: "charts/web",
    });
    expect(end.pauses).toHaveLength(5);
    expect(end.repeats).toEqual(new Set(["upload"]));
  });

  it.each([429, 503])("begins no other session where the client has waited in vain for the first one to start (%i)", async (status) => {
    const end = scriptedEnd(() => ({ status }));
    await expect(uploadBlob(end, blob)).rejects.toMatchObject({ code: status === 429 ? "rate-limited" : "unavailable" });
    expect([end.requests.length, end.pauses.length]).toEqual([1, 0]);
  });

  it.each([500, 502])("begins another session where the first one failed to start (%i): the client asks but once", async (status) => {
    let posts = 0;
    const end = scriptedEnd((line) => {
      if (line.startsWith("HEAD")) return { status: 404 };
      if (line.startsWith("PUT")) return { status: 201 };
      return posts++ === 0 ? { status } : { status: 202, headers: { location: "/up/1" } };
    });
    await uploadBlob(end, blob);
    expect(end.requests.map((line) => line.split(" ")[0])).toEqual(["POST", "HEAD", "POST", "PUT"]);
  });

  it("does not repeat what will not change", async () => {
    const end = scriptedEnd(() => ({ status: 403 }));
    await expect(uploadBlob(end, blob)).rejects.toMatchObject({ retryable: false });
    expect(end.requests).toHaveLength(1);
  });

  it("refuses a Location that steps down from https, and an answer without one", async () => {
    const down = scriptedEnd(() => ({ status: 202, headers: { location: "http://registry.example/up/1" } }));
    await expect(uploadBlob(down, blob)).rejects.toMatchObject({ code: "redirect-refused" });
    const none = scriptedEnd(() => ({ status: 202 }));
    await expect(uploadBlob(none, blob)).rejects.toMatchObject({ code: "protocol-violation" });
  });

  it("notices a registry that stored something else", async () => {
    const other = digestOf(text("other"));
    const end = scriptedEnd((line) =>
      line.startsWith("POST")
        ? { status: 202, headers: { location: "/up/1" } }
        : { status: 201, headers: { "docker-content-digest": other } },
    );
    await expect(uploadBlob(end, blob)).rejects.toMatchObject({ code: "digest-mismatch" });
  });

  it("asks first only for a large blob", async () => {
    const end = scriptedEnd(() => ({ status: 200 }));
    await uploadBlob(end, { ...blob, size: 5 * 1024 * 1024 });
    expect(end.requests).toEqual([`HEAD /v2/charts/web/blobs/${blob.digest}`]);
  });
});
