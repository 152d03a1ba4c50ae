// Pulumi starts here. A Node that cannot read TypeScript reads this, and says what to install.
import "./node-version.js";

// Not a static import: that would be read, and fail, before the line above has run.
export default await import("./index.ts");
