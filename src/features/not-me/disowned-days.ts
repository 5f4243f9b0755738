/** How long an event can be disowned, in days: as long as the not-me link of a mail about it lives. */
export const disownedDays = 7;
