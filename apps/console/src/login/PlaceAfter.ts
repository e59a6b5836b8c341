/** Where signing in leads. */

/** Only a place of the console itself: an address in a link must not lead elsewhere after signing in. */
export const placeAfter = (to: string | undefined): string =>
  to !== undefined && /^\/(?![/\\])/.test(to) && !to.startsWith("/login") ? to : "/"
