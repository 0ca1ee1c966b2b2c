/** Spellings that some controller may take for the same name are one. */
const sameName = (username: string) => username.normalize("NFKC").trim().toLowerCase();

/** What is counted and remembered of a name at a home is found under this. */
export const accountKey = (homeId: string, username: string) => JSON.stringify([homeId, sameName(username)]);
