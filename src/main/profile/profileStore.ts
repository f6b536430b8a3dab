import type { NounMigrations } from '../store/migrations'
import type { Store } from '../store/store'
import { adaptiveTables } from './adaptive/adaptiveStore'
import { type CampaignStore, createCampaignStore } from './campaign/campaignStore'
import { summaryTables } from './samples/sampleSummary'
import { createSampleStore, type SampleStore } from './samples/sampleStore'

/** Campaigns and Samples in the data file. */
export const profileMigrations: NounMigrations = {
  noun: 'profile',
  steps: [
    `CREATE TABLE profile_campaign (
       id VARCHAR PRIMARY KEY, board_id VARCHAR NOT NULL, board_name VARCHAR NOT NULL, build_id UBIGINT, core_name VARCHAR NOT NULL,
       state VARCHAR NOT NULL, total INTEGER NOT NULL, started_at_ms DOUBLE NOT NULL, finished_at_ms DOUBLE, error VARCHAR,
       request VARCHAR NOT NULL, items VARCHAR NOT NULL
     );
     CREATE TABLE profile_sample (
       id VARCHAR PRIMARY KEY, campaign_id VARCHAR, item_key VARCHAR NOT NULL,
       kernel VARCHAR NOT NULL, dims INTEGER[] NOT NULL, activation_bits UTINYINT NOT NULL, weight_bits UTINYINT NOT NULL,
       time DOUBLE NOT NULL, time_min DOUBLE NOT NULL, time_max DOUBLE NOT NULL, unit VARCHAR NOT NULL,
       cycles DOUBLE, instructions DOUBLE, macs DOUBLE NOT NULL, repetitions INTEGER NOT NULL, seed UBIGINT NOT NULL,
       checksum UBIGINT, verified BOOLEAN NOT NULL, origin VARCHAR NOT NULL, method VARCHAR NOT NULL,
       board_id VARCHAR NOT NULL, board_kind VARCHAR NOT NULL, board_name VARCHAR NOT NULL, isa VARCHAR NOT NULL, core_name VARCHAR NOT NULL,
       build_id UBIGINT, clock_hz DOUBLE, measured_at_ms DOUBLE NOT NULL, took_ms DOUBLE
     );
     CREATE TABLE profile_campaign_sample (campaign_id VARCHAR NOT NULL, sample_id VARCHAR NOT NULL, PRIMARY KEY (campaign_id, sample_id));
     CREATE TABLE profile_refusal (campaign_id VARCHAR NOT NULL, item_key VARCHAR NOT NULL, reason VARCHAR NOT NULL, PRIMARY KEY (campaign_id, item_key));`,
    adaptiveTables,
    // A campaign's own Samples name it; only those that it took over from earlier ones need a table.
    `CREATE TABLE profile_adopted (campaign_id VARCHAR NOT NULL, sample_id VARCHAR NOT NULL, PRIMARY KEY (campaign_id, sample_id));
     INSERT INTO profile_adopted SELECT cs.campaign_id, cs.sample_id FROM profile_campaign_sample cs
       JOIN profile_sample s ON s.id = cs.sample_id WHERE s.campaign_id IS DISTINCT FROM cs.campaign_id;
     DROP TABLE profile_campaign_sample;
     ${summaryTables}`,
    // Imported Samples are a campaign like any other; those of older versions had none.
    `INSERT INTO profile_campaign
       SELECT campaign_id, min(board_id), min(board_name), NULL, min(board_name), 'done', count(*), min(measured_at_ms),
         max(measured_at_ms), NULL,
         json_object('boardId', min(board_id), 'importedFrom', 'a file of an older version')::VARCHAR, '[]'
       FROM profile_sample s WHERE board_kind = 'import' AND campaign_id IS NOT NULL
         AND campaign_id NOT IN (SELECT id FROM profile_campaign) GROUP BY campaign_id`
  ]
}

/** All that this noun keeps. */
export type ProfileStore = CampaignStore & SampleStore

/** Returns campaigns and samples of a data file. */
export function createProfileStore(store: Store): ProfileStore {
  return { ...createCampaignStore(store), ...createSampleStore(store) }
}
