/** Of this command line; a test holds it to package.json and the chart. */
export const cliVersion = '0.1.0';
