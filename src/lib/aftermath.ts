/** What a request that failed may have left behind, in the words that its caller is told. */

export const UNSURE = "It is not known whether the change was made: read the state before trying again.";
export const NOT_DONE = "Nothing was changed.";

/** Whether a request may change something at a home. A sign-in is before every change. @param endpoint its method and path */
export const isChange = (endpoint: string): boolean => !/^GET | \/api\/v1\/auth\//.test(endpoint);
