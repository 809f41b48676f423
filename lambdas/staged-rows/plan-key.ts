export const planKey = (planId: string): string => `commits/${planId}.json`;
