-- SPDX-License-Identifier: GPL-2.0-or-later
-- A table for what vector.yaml ships; objects of events as they are, to be asked by JSONExtract.
CREATE TABLE network.epitaph
(
    timestamp    DateTime64(6, 'UTC'),
    gateway      LowCardinality(String),
    event_type   LowCardinality(String),
    flow_id      UInt64,
    community_id String,
    src_ip       String,
    src_port     UInt16,
    dest_ip      String,
    dest_port    UInt16,
    proto        LowCardinality(String),
    block        String,
    reset        String,
    policy       String,
    stats        String
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (event_type, timestamp);
