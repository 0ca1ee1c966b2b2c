// Plain JavaScript on purpose: an old Node must get as far as saying that it is too old.
const OLDEST = [22, 18];

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  console.error(
    `PiMCP needs Node ${OLDEST.join(".")} or newer, and this is ${process.versions.node}. ` +
      "Run it as an npm script (npm start): `npm ci` installs a Node of its own for that.",
  );
  process.exit(1);
}

// What is left are the script's own arguments.
const [name] = process.argv.splice(2, 1);
await import(`./${name}.ts`);
