/** The section of the activity. */
export const activityPath = '/account/security#activity';

/** The page that asks about one event of it: `event`. */
export const disownPath = '/account/not-me';
