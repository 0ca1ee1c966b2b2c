import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseSettings, SettingsError } from "../../src/cli/settings.ts";
import { privateAuthority } from "../support/certificates.ts";
import { temporaryFolder } from "../support/pimcp.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const GOOD = {
  PI_CONTROLLER_URL: "http://pi-controller.local:8080",
  PI_CONTROLLER_USERNAME: "operator",
  PI_CONTROLLER_PASSWORD: "secret-canary",
};

function mistakesOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    parseSettings({ ...GOOD, ...env });
  } catch (error) {
    if (error instanceof SettingsError) return error.mistakes;
    throw error;
  }
  return [];
}

const ca = join(folder.path, "ca.pem");
writeFileSync(ca, privateAuthority().ca);
const noCertificate = join(folder.path, "note.txt");
writeFileSync(noCertificate, "not a certificate");

describe("the settings", () => {
  test.each([
    "http://pi-controller.local:8080",
    "http://192.168.1.10:8080",
    "http://127.0.0.1:8080",
    "http://[fd00::10]:8080",
    "http://raspberrypi",
    "https://pi-controller.local",
    "https://pi.example.com",
  ])("%s is an address on the home network, or has TLS", (url) => {
    expect(mistakesOf({ PI_CONTROLLER_URL: url })).toStrictEqual([]);
  });

  test.each<[Record<string, string | undefined>, string]>([
    [{ PI_CONTROLLER_URL: "" }, "PI_CONTROLLER_URL is not set"],
    [{ PI_CONTROLLER_URL: "pi.local" }, "PI_CONTROLLER_URL must be a URL"],
    [{ PI_CONTROLLER_URL: "http://pi.example.com" }, "PI_CONTROLLER_URL must be https"],
    [{ PI_CONTROLLER_URL: "http://pi.local/api" }, "PI_CONTROLLER_URL must be the address alone"],
    [{ PI_CONTROLLER_USERNAME: undefined }, "PI_CONTROLLER_USERNAME is not set"],
    [{ PI_CONTROLLER_PASSWORD: undefined }, "PI_CONTROLLER_PASSWORD is not set"],
    [{ PI_CONTROLLER_API_KEY: "key" }, "no pi-controller takes API keys"],
    [{ PI_CONTROLLER_TIMEOUT: "soon" }, "PI_CONTROLLER_TIMEOUT must be a number"],
    [{ PI_CONTROLLER_PINS: "wiring" }, 'PI_CONTROLLER_PINS must be "bcm" or "header"'],
    [{ PI_CONTROLLER_TLS_VERIFY: "no" }, 'PI_CONTROLLER_TLS_VERIFY must be "true" or "false"'],
    [{ PI_CONTROLLER_TLS_CA_CERT: ca }, "PI_CONTROLLER_URL is not https"],
    [{ PI_CONTROLLER_URL: "https://pi.local", PI_CONTROLLER_TLS_CA_CERT: "/nowhere/ca.pem" }, "cannot be read"],
    [{ PI_CONTROLLER_URL: "https://pi.local", PI_CONTROLLER_TLS_CA_CERT: noCertificate }, "in PEM form"],
    [
      { PI_CONTROLLER_URL: "https://pi.local", PI_CONTROLLER_TLS_CA_CERT: ca, PI_CONTROLLER_TLS_VERIFY: "false" },
      "set one of them",
    ],
    [{ PIMCP_LEVEL: "root" }, "PIMCP_LEVEL must be one of viewer, operator, admin"],
    [{ CONFIRM: "always" }, 'CONFIRM must be "never" or empty'],
    [{ HOMES: "[]" }, "one pimcp serves one home"],
  ])("%j is one sentence", (env, words) => {
    const mistakes = mistakesOf(env);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toContain(words);
    expect(mistakes[0]).toMatch(/[.]$|such as http\S+$/);
    expect(mistakes.join()).not.toContain(GOOD.PI_CONTROLLER_PASSWORD);
  });

  test("all mistakes are told at once", () => {
    expect(mistakesOf({ PI_CONTROLLER_USERNAME: "", PI_CONTROLLER_PASSWORD: "" })).toHaveLength(2);
  });

  test("without a level the AI may drive pins and no more", () => {
    expect(parseSettings(GOOD).level).toBe("operator");
    expect(parseSettings({ ...GOOD, PIMCP_LEVEL: "admin" }).level).toBe("admin");
  });

  test.each<[NodeJS.Platform, Record<string, string>, RegExp]>([
    ["linux", { XDG_STATE_HOME: "/state" }, /^\/state\/pimcp$/],
    ["linux", {}, /\.local\/state\/pimcp$/],
    ["darwin", {}, /Library\/Application Support\/pimcp$/],
    ["win32", { LOCALAPPDATA: "/local" }, /^\/local\/pimcp$/],
    ["linux", { PIMCP_STATE: "/mine" }, /^\/mine$/],
  ])("on %s with %j the state is where it belongs", (platform, env, path) => {
    expect(parseSettings({ ...GOOD, ...env }, platform).folder).toMatch(path);
  });
});
