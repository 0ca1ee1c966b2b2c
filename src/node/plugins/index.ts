import type { Plugin } from "../plugin.ts";
import { ai } from "./ai/index.ts";
import { db } from "./db/index.ts";
import { file } from "./file/index.ts";
import { http } from "./http.ts";
import { log } from "./log.ts";
import { shell } from "./shell/index.ts";
import { storage } from "./storage/index.ts";
import { vector } from "./vector/index.ts";

/** The plug-ins that come with a node. */
export const PLUGINS: readonly Plugin[] = [file, shell, log, db, http, ai, vector, storage];
