import { huntAt } from "../support/canary-hunt.ts";

// A home's dialect is remembered for an hour: each has a file, and so an isolate, of its own.
huntAt("documented");
