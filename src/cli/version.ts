import manifest from '../../package.json' with { type: 'json' };

/** The version of the package, as it was built. */
export const version: string = manifest.version;
