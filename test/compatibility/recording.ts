/** What recorded stacks have in common. */
export const stackName = "prod";
export const passphrase = "compatibility";
/** Of the zone's API, on 127.0.0.1: the recorded configuration names it. */
export const port = 13364;
