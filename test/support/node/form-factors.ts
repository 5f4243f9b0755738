/** Between them, what makes browsers differ most: room, a finger, and JavaScript. */
export const formFactors = [
  { how: 'on a desktop with JavaScript', options: { viewport: { width: 1280, height: 900 } } },
  {
    how: 'on a phone without JavaScript',
    options: {
      viewport: { width: 390, height: 844 },
      ...{ isMobile: true, hasTouch: true, javaScriptEnabled: false },
    },
  },
] as const;
