/** The channel of what happens in one conversation. */
export const conversationChannel = (conversationId: string) => `conversation:${conversationId}`

/** The channel of a person's list of conversations. */
export const conversationsChannel = (userId: string) => `conversations:${userId}`
