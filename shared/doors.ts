/** Which paths belong to doors of the server, there or not. Every other one that names no file is a page of the app. */
const doors = /^\/(api|auth|dev|docs|health|livez|mcp|me|metrics|readyz|trpc|v1)(\/|$)/

export const isDoorPath = (path: string): boolean => doors.test(path)

export const isFilePath = (path: string): boolean => /\.[a-z0-9]+$/i.test(path)
