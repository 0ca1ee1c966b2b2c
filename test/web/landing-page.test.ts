import { exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";

const get = async (url: string) => {
  const response = await exports.default.fetch(new Request(url));
  return { response, text: await response.text() };
};

describe("the front page", () => {
  test("on this computer says what cannot reach it, and names what can", async () => {
    const { text } = await get("http://localhost:8788/");
    expect(text).toContain("Claude.ai cannot");
    expect(text).toContain("claude mcp add --transport http pimcp http://localhost:8788/mcp");
    expect(text).not.toContain("Add custom connector");
  });

  test("at a public address tells how Claude.ai is connected", async () => {
    const { text } = await get("https://pimcp.example.workers.dev/");
    expect(text).toContain("Add custom connector");
    expect(text).toContain("https://pimcp.example.workers.dev/mcp");
    expect(text).not.toContain("Claude.ai cannot");
  });
});

describe("the icon", () => {
  test.each(["/icon.svg", "/favicon.ico"])("is at %s", async (path) => {
    const { response, text } = await get(`http://localhost:8788${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("image/svg+xml");
    expect(text).toMatch(/^<svg /);
  });
});
