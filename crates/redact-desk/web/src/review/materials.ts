// Loads everything that a review needs, and waits for jobs.
import { ApiError, get } from '../api/client';
import type { Found, Job, Recording, Review, Timeline, Transcript } from '../api/types';

export interface Materials {
  review: Review;
  recording: Recording;
  timeline: Timeline;
  found: Found;
  /** `null` if nothing was transcribed. */
  transcript: Transcript | null;
}

export async function loadMaterials(id: string): Promise<Materials> {
  const review = await get<Review>(`/reviews/${id}`);
  const [recording, timeline, found, transcript] = await Promise.all([
    get<Recording>(`/recordings/${review.recording}`),
    get<Timeline>(`/recordings/${review.recording}/timeline`),
    get<Found>(`/recordings/${review.recording}/tracks`),
    get<Transcript | null>(`/reviews/${id}/transcript`),
  ]);
  return { review, recording, timeline, found, transcript };
}

/** Waits for a job; throws if it failed or stopped. */
export async function finished(id: string): Promise<Job> {
  for (;;) {
    const job = await get<Job>(`/jobs/${id}`);
    if (job.state === 'done') return job;
    if (job.state !== 'queued' && job.state !== 'running') {
      const message = job.error?.message ?? `The job was ${job.state}.`;
      throw new ApiError(409, 'job', message, job.error?.hint ?? null);
    }
    await new Promise((done) => setTimeout(done, 300));
  }
}
