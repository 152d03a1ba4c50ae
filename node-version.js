// Ends with what to install if this Node cannot run the program: it takes TypeScript as it is, and knows import.meta.main.
// The same versions are the `engines` of package.json. No Node is too old for this file: it imports and exports nothing.
const [major, minor] = process.versions.node.split(".").map(Number);
if (!((major === 22 && minor >= 18) || (major === 24 && minor >= 2) || major > 24)) {
  console.error(
    `Node.js 24 is needed, or 22 from 22.18 on, and ${process.version} is here: see https://nodejs.org/en/download.`,
  );
  process.exit(1);
}
