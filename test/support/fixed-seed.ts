import fc from "fast-check";
import { inject } from "vitest";

// Property tests try the same values each time, so that none fails by luck; `FC_SEED` chooses others.
fc.configureGlobal({ seed: inject("seed") });
