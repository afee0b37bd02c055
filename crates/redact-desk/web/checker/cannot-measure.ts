/** Why this browser cannot measure a release: nothing is known to be wrong with the release. */
export class CannotMeasure extends Error {}
