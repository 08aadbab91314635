/** The tabs that stand ready: the story of one ride, in the order in which to run them. */

interface Tab {
  query: string;
  variables?: string;
}

const live: Tab = {
  query: `# Everything that happens, as it happens, the newest first. Start this one, then run the other tabs: it goes on.
# Each event is joined from three subgraphs: dashboard, bike, reservation.
subscription DashboardUpdated {
  dashboardUpdated {
    cursor
    at
    eventType
    reservation {
      reserveNo
      userId
      reserveStatus
      bike {
        bikeId
        color
      }
    }
    totals {
      available
      reserved
      inUse
      ledgerImbalance
    }
  }
}
`,
};

const register: Tab = {
  query: `# An operator adds a bike to the fleet. The tab ReserveBike takes its number from the answer.
mutation RegisterBike {
  registerBike(input: { color: "green" }) {
    bike {
      bikeId
      color
      registeredDate
    }
    refusal {
      code
      because
    }
  }
}
`,
};

const buy: Tab = {
  query: `# Rider 10 buys 3000 points, then 5000: the account is opened, then raised.
mutation BuyPoints {
  first: buyPoints(input: { userId: "10", price: 3000 }) {
    ...Bought
  }
  second: buyPoints(input: { userId: "10", price: 5000 }) {
    ...Bought
  }
}

fragment Bought on BuyPointsPayload {
  approval {
    confirmId
    price
    status
    user {
      totalPoint
    }
  }
  refusal {
    code
    because
  }
}
`,
};

const reserve: Tab = {
  query: `# Rider 10 reserves a bike: the one that was registered last, unless you write another number.
mutation ReserveBike($bikeId: Int!) {
  reserveBike(input: { bikeId: $bikeId, userId: "10" }) {
    reservation {
      reserveNo
      reserveStatus
      expiresAt
      bike {
        bikeId
        color
      }
    }
    refusal {
      code
      because
    }
  }
}
`,
  variables: '{ "bikeId": 1 }',
};

const points: Tab = {
  query: `# The rider's points and every movement of them; approval, point and reservation answer together.
query Points {
  user(userId: "10") {
    userId
    totalPoint
    pointEntries(first: 10) {
      nodes {
        seq
        kind
        amount
        balanceAfter
        at
        reserveNo
      }
    }
    approvals(first: 5) {
      nodes {
        confirmId
        price
        status
      }
    }
    currentReservation {
      reserveNo
      reserveStatus
    }
  }
}
`,
};

const cancel: Tab = {
  query: `# Before the ride starts a reservation can be given up: its points come back, once.
# The number is that of the last answer, of ReserveBike or Points.
mutation CancelReservation($reserveNo: Int!) {
  cancelReservation(input: { reserveNo: $reserveNo }) {
    reservation {
      reserveNo
      reserveStatus
      user {
        totalPoint
      }
    }
    refusal {
      code
      because
    }
  }
}
`,
  variables: '{ "reserveNo": 1 }',
};

const ride: Tab = {
  query: `# Reserve the bike again (tab ReserveBike), then ride: start, and return. The number is that of the last answer.
mutation Ride($reserveNo: Int!) {
  startRide(input: { reserveNo: $reserveNo }) {
    reservation {
      reserveStatus
      startDateTime
    }
    refusal {
      code
      because
    }
  }
  returnBike(input: { reserveNo: $reserveNo }) {
    reservation {
      reserveStatus
      returnDateTime
    }
    refusal {
      code
      because
    }
  }
}
`,
  variables: '{ "reserveNo": 1 }',
};

const dashboard: Tab = {
  query: `# The picture of the moment. Its cursor is where dashboardUpdated(after:) goes on without a gap.
query Dashboard {
  dashboard {
    at
    cursor
    totals {
      bikes
      available
      reserved
      inUse
      reservationsToday
      pointsInCirculation
      ledgerImbalance
    }
    reservations(first: 10) {
      nodes {
        reserveNo
        userId
        reserveStatus
        updatedAt
        bike {
          color
          condition
        }
      }
    }
  }
}
`,
};

export const stories: Tab[] = [register, buy, reserve, points, cancel, ride, dashboard, live];
