import { standingAt } from "../support/standing.ts";

// A home's dialect is remembered for an hour: each has a file, and so an isolate, of its own.
standingAt("released");
